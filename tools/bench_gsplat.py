#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times gsplat on one GPU on the splats, cameras and photos that `helio bench --save` wrote: forward,
backward, and a full step of training (L1 and SSIM, Adam over all parameters).

    helio bench train --backend cuda --splats 1000000 --size 1296x840 --save scene --json >helio.json
    tools/bench_gsplat.py scene [--helio helio.json]

Prints one JSON object; with --helio also how many times faster helio is.  Clones and downloads
nothing: where torch, gsplat or a device is missing, says so and ends with 77.
Written on a machine without a GPU; only reading the scene was run there (--read).
"""
import argparse
import json
import pathlib
import statistics
import sys

import numpy as np

SH_COEFFICIENTS = 16
C1, C2 = 1e-4, 9e-4  # of SSIM


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
        photos.append(torch.from_numpy(pixels).cuda())
    return photos


def time_ms(torch, work, repeat):
    times = []
    for k in range(repeat + 3):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work(k)
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times[3:])


def loss_of(torch, picture, photo):
    """0.8 L1 + 0.2 (1 - SSIM), 11 taps of sigma 1.5: fused_ssim where it is importable."""
    l1 = (picture - photo).abs().mean()
    x, y = picture.permute(2, 0, 1)[None], photo.permute(2, 0, 1)[None]
    try:
        from fused_ssim import fused_ssim
        return 0.8 * l1 + 0.2 * (1 - fused_ssim(x, y, padding="same"))
    except ImportError:
        pass
    taps = torch.arange(11, device="cuda") - 5.0
    taps = torch.exp(-taps**2 / (2 * 1.5**2))
    taps = (taps / taps.sum())[None, None]

    def blur(v):
        v = torch.nn.functional.conv2d(v, taps[:, :, None].expand(v.shape[1], 1, 1, 11),
                                       padding=(0, 5), groups=v.shape[1])
        return torch.nn.functional.conv2d(v, taps[:, :, :, None].expand(v.shape[1], 1, 11, 1),
                                          padding=(5, 0), groups=v.shape[1])

    mx, my = blur(x), blur(y)
    xx, yy, xy = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    ssim = (2 * mx * my + C1) * (2 * xy + C2) / ((mx * mx + my * my + C1) * (xx + yy + C2))
    return 0.8 * l1 + 0.2 * (1 - ssim.mean())


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
        import gsplat
        import torch
    except ImportError as error:
        skip(f"{error.name} is not importable here")
    if not torch.cuda.is_available():
        skip("no CUDA device")
    values = {k: torch.from_numpy(v).cuda().requires_grad_() for k, v in splats.items()}
    views = [matrices(torch, camera) for camera in cameras]
    photos = read_photos(torch, args.scene, cameras)
    packed = False
    rates = {"means": 1.6e-4, "quats": 1e-3, "scales": 5e-3, "opacities": 0.025, "sh": 2.5e-3}
    adam = torch.optim.Adam([{"params": [values[k]], "lr": rates[k]} for k in values],
                            eps=1e-15, fused=True)

    def draw(k):
        pose, intrinsics = views[k]
        return gsplat.rasterization(
            means=values["means"], quats=values["quats"], scales=values["scales"].exp(),
            opacities=values["opacities"].sigmoid(), colors=values["sh"], viewmats=pose,
            Ks=intrinsics, width=cameras[k]["width"], height=cameras[k]["height"], sh_degree=3,
            packed=packed)[0][0]

    def step(k):
        k %= len(cameras)
        adam.zero_grad(set_to_none=True)
        loss_of(torch, draw(k), photos[k]).backward()
        adam.step()

    torch.cuda.reset_peak_memory_stats()
    result = {"device": torch.cuda.get_device_name(), "gsplat": gsplat.__version__,
              "splats": len(splats["means"])}
    with torch.no_grad():
        result["forward_ms"] = time_ms(torch, lambda k: draw(0), args.repeat)
    both = time_ms(torch, lambda k: draw(0).sum().backward(), args.repeat)
    result["backward_ms"] = both - result["forward_ms"]
    if photos:
        result["step_ms"] = time_ms(torch, step, args.repeat)
    result["peak_mb"] = torch.cuda.max_memory_allocated() / 2**20
    if args.helio:
        ours = json.loads(args.helio.read_text())
        stages = ours["stages_ms"]
        mine = {"forward_ms": sum(stages[k] for k in ("project", "sort", "bin", "blend")),
                "backward_ms": stages["blend_bwd"] + stages["splat_bwd"],
                "step_ms": ours["step_ms"]}
        result["helio"] = mine
        result["times_faster"] = {k: result[k] / mine[k] for k in mine if k in result}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
