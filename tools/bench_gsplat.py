#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times gsplat on one GPU on the splats, cameras and photos `helio bench --save` wrote: forward,
backward, the loss, and full steps of training (L1 and SSIM, Adam).

    helio bench train --backend cuda --splats 1000000 --size 1296x840 --save scene --json >h.json
    tools/bench_gsplat.py scene [--helio h.json]

Prints one JSON object; with --helio also how many times faster helio is.  Clones and downloads
nothing: where torch, gsplat or a device is missing, says so and ends with 77.

Every figure is the better of packed and unpacked, a step also of torch's fused Adam and
gsplat's SelectiveAdam (which leaves unseen splats alone; helio's Adam does not); "settings" has
all.  Steps follow one another without a wait.  SSIM is fused_ssim's where it is importable,
else convolutions of torch; step_without_loss_ms leaves the loss out on both sides.  Helio's
splat_bwd stage contains its Adam, so its backward_ms holds more work than gsplat's.
"""
import argparse
import itertools
import json
import math
import pathlib
import statistics
import sys

import numpy as np

SH_COEFFICIENTS = 16
C1, C2 = 1e-4, 9e-4  # of SSIM
WARM_UP = 5
RATES = {"means": 1.6e-4, "quats": 1e-3, "scales": 5e-3, "opacities": 0.025, "sh": 2.5e-3}


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def read_ply(path):
    """Columns of a binary PLY of floats, by name."""
    data = path.read_bytes()
    end = data.index(b"end_header\n") + len(b"end_header\n")
    header = data[:end].decode("ascii").splitlines()
    if "format binary_little_endian 1.0" not in header:
        raise ValueError(f"{path}: expected a binary PLY")
    count = next(int(line.split()[2]) for line in header if line.startswith("element vertex"))
    names = [line.split()[2] for line in header if line.startswith("property float ")]
    table = np.frombuffer(data, "<f4", count * len(names), end).reshape(count, len(names))
    return {name: table[:, i].copy() for i, name in enumerate(names)}


def read_scene(folder):
    columns = read_ply(folder / "splats.ply")

    def stack(*names):
        return np.stack([columns[name] for name in names], -1)

    rest = [f"f_rest_{k}" for k in range(3 * (SH_COEFFICIENTS - 1)) if f"f_rest_{k}" in columns]
    sh = np.zeros((len(columns["x"]), SH_COEFFICIENTS, 3), np.float32)
    sh[:, 0] = stack("f_dc_0", "f_dc_1", "f_dc_2")
    if rest:  # all of red, then green, then blue
        sh[:, 1:1 + len(rest) // 3] = stack(*rest).reshape(len(sh), 3, -1).transpose(0, 2, 1)
    splats = {
        "means": stack("x", "y", "z"),
        "quats": stack("rot_0", "rot_1", "rot_2", "rot_3"),
        "scales": stack("scale_0", "scale_1", "scale_2"),
        "opacities": columns["opacity"],
        "sh": sh,
    }
    cameras = json.loads((folder / "cameras.json").read_text())
    return splats, cameras


def matrices(torch, camera):
    pose, intrinsics = torch.eye(4), torch.eye(3)
    pose[:3, :3] = torch.tensor(camera["r"]).reshape(3, 3)
    pose[:3, 3] = torch.tensor(camera["t"])
    intrinsics[0, 0], intrinsics[1, 1] = camera["fx"], camera["fy"]
    intrinsics[0, 2], intrinsics[1, 2] = camera["cx"], camera["cy"]
    return pose.cuda()[None], intrinsics.cuda()[None]


def read_photos(torch, folder, cameras):
    """Of each photo its pixels (H, W, 3) and SSIM's blurs of it; None where any is missing."""
    try:
        from PIL import Image
    except ImportError:
        return None
    photos = []
    for k in range(len(cameras)):
        path = folder / f"photo_{k}.png"
        if not path.exists():
            return None
        pixels = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
        pixels = torch.from_numpy(pixels).cuda()
        planes = pixels.permute(2, 0, 1)
        photos.append((pixels, blur(torch, torch.cat([planes, planes * planes]))))
    return photos


def time_ms(torch, work, repeat, before=lambda k: None):
    """Median time of work(k, before(k)) on the device; before() is not timed."""
    events = []
    for k in range(WARM_UP + repeat):
        given = before(k)
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work(k, given)
        end.record()
        events.append((start, end))
    torch.cuda.synchronize()
    return statistics.median(start.elapsed_time(end) for start, end in events[WARM_UP:])


def blur(torch, planes):
    """Planes (C, H, W) under SSIM's window: 11 taps of sigma 1.5, zero outside."""
    taps = torch.arange(11, device=planes.device) - 5.0
    taps = torch.exp(-taps**2 / (2 * 1.5**2))
    taps = (taps / taps.sum()).expand(len(planes), 1, 1, 11)
    conv = torch.nn.functional.conv2d
    planes = conv(planes[None], taps, padding=(0, 5), groups=len(planes))
    return conv(planes, taps.transpose(2, 3), padding=(5, 0), groups=taps.shape[0])[0]


def loss_of(torch, picture, photo):
    """0.8 L1 + 0.2 (1 - SSIM): fused_ssim where it is importable."""
    pixels, blurred = photo
    l1 = (picture - pixels).abs().mean()
    x, y = picture.permute(2, 0, 1), pixels.permute(2, 0, 1)
    try:
        from fused_ssim import fused_ssim
        return 0.8 * l1 + 0.2 * (1 - fused_ssim(x[None], y[None], padding="same"))
    except ImportError:
        pass
    mx, xx, xy = blur(torch, torch.cat([x, x * x, x * y])).chunk(3)
    my, yy = blurred.chunk(2)
    xx, yy, xy = xx - mx * mx, yy - my * my, xy - mx * my
    ssim = (2 * mx * my + C1) * (2 * xy + C2) / ((mx * mx + my * my + C1) * (xx + yy + C2))
    return 0.8 * l1 + 0.2 * (1 - ssim.mean())


class Run:
    """Splats of one setting: each gets its own, so that no training leaks into the next."""

    def __init__(self, torch, gsplat, scene, packed, selective):
        self.torch, self.gsplat, self.packed, self.selective = torch, gsplat, packed, selective
        splats, self.cameras, self.views, self.photos = scene
        self.values = {k: torch.from_numpy(v.copy()).cuda().requires_grad_()
                       for k, v in splats.items()}
        groups = [{"params": [v], "lr": RATES[k]} for k, v in self.values.items()]
        self.adam = (gsplat.SelectiveAdam(groups, eps=1e-15, betas=(0.9, 0.999)) if selective
                     else torch.optim.Adam(groups, eps=1e-15, fused=True))

    def draw(self, k=0):
        """Picture (H, W, 3) and what is known of its splats; classic blur of 0.3, black behind."""
        (pose, intrinsics), camera, v = self.views[k], self.cameras[k], self.values
        picture, _, meta = self.gsplat.rasterization(
            means=v["means"], quats=v["quats"], scales=v["scales"].exp(),
            opacities=v["opacities"].sigmoid(), colors=v["sh"], viewmats=pose, Ks=intrinsics,
            width=camera["width"], height=camera["height"], sh_degree=3, packed=self.packed)
        return picture[0], meta

    def seen(self, meta):
        if not self.packed:
            return (meta["radii"] > 0).all(-1).any(0)
        seen = self.torch.zeros(len(self.values["means"]), dtype=self.torch.bool, device="cuda")
        seen[meta["gaussian_ids"]] = True
        return seen

    def step(self, k, _):
        k %= len(self.cameras)
        self.adam.zero_grad(set_to_none=True)
        picture, meta = self.draw(k)
        loss_of(self.torch, picture, self.photos[k]).backward()
        if self.selective:
            self.adam.step(self.seen(meta))
        else:
            self.adam.step()

    def drawn(self, _):
        """A picture and a gradient of it to go back from."""
        self.adam.zero_grad(set_to_none=True)
        picture, _ = self.draw()
        return picture, self.torch.ones_like(picture)

    def times(self, repeat):
        result = {"packed": self.packed, "selective_adam": self.selective}
        if not self.selective:  # the same either way
            with self.torch.no_grad():
                result["forward_ms"] = time_ms(self.torch, lambda k, _: self.draw(), repeat)
            result["backward_ms"] = time_ms(
                self.torch, lambda k, given: given[0].backward(given[1]), repeat, self.drawn)
        if self.photos:
            result["step_ms"] = time_ms(self.torch, self.step, repeat)
        return result


def time_loss(torch, photo, repeat):
    picture = (photo[0] * 0.9).requires_grad_()

    def work(k, _):
        picture.grad = None
        loss_of(torch, picture, photo).backward()

    return time_ms(torch, work, repeat)


def psnr(torch, run):
    """Of gsplat's first picture against helio's, both in 8 bits: whether they draw the same."""
    with torch.no_grad():
        picture = (run.draw()[0].clamp(0, 1) * 255).round() / 255
        return -10 * math.log10(max(float(((picture - run.photos[0][0])**2).mean()), 1e-10))


def compare(result, ours):
    stages = ours["stages_ms"]
    mine = {"forward_ms": sum(stages[k] for k in ("project", "sort", "bin", "blend")),
            "backward_ms": stages["blend_bwd"] + stages["splat_bwd"],
            "loss_ms": stages["loss"], "step_ms": ours["step_ms"],
            "step_without_loss_ms": ours["step_ms"] - stages["loss"]}
    result["helio"] = mine
    result["times_faster"] = {k: result[k] / mine[k] for k in mine if k in result}


def measure(torch, gsplat, args, splats, cameras):
    views = [matrices(torch, camera) for camera in cameras]
    photos = read_photos(torch, args.scene, cameras)
    result = {"device": torch.cuda.get_device_name(), "gsplat": gsplat.__version__,
              "torch": torch.__version__, "splats": len(splats["means"])}
    if photos:  # of the splats as they are; helio trains from half their colour, so below
        first = Run(torch, gsplat, (splats, cameras, views, photos), False, False)
        result["psnr_db"] = psnr(torch, first)
        del first
        result["loss_ms"] = time_loss(torch, photos[0], args.repeat)
    scene = {**splats, "sh": splats["sh"] * np.float32(0.5)}, cameras, views, photos
    torch.cuda.reset_peak_memory_stats()
    settings = [Run(torch, gsplat, scene, *choice).times(args.repeat)
                for choice in itertools.product((False, True), repeat=2)]
    for key in ("forward_ms", "backward_ms", "step_ms"):
        found = [s[key] for s in settings if key in s]
        if found:
            result[key] = min(found)
    if photos:
        result["step_without_loss_ms"] = result["step_ms"] - result["loss_ms"]
    result["settings"] = settings
    result["peak_mb"] = torch.cuda.max_memory_allocated() / 2**20
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scene", type=pathlib.Path)
    parser.add_argument("--helio", type=pathlib.Path)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--read", action="store_true", help="only read the scene")
    args = parser.parse_args()
    splats, cameras = read_scene(args.scene)
    if args.read:
        print(json.dumps({"splats": len(splats["means"]), "cameras": len(cameras),
                          "sum": float(sum(np.abs(v).sum() for v in splats.values()))}))
        return
    try:
        import torch
        import gsplat
    except ImportError as error:
        skip(f"{error.name} is not importable here")
    if not torch.cuda.is_available():
        skip("no CUDA device")
    result = measure(torch, gsplat, args, splats, cameras)
    if args.helio:
        compare(result, json.loads(args.helio.read_text()))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
