#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times helio and gsplat side by side on one GPU: random splats of the same distribution, one
picture, forward and forward + backward.

    tools/bench_gsplat.py [--helio build/helio] [--splats 1000000] [--size 1296x840]

Clones and downloads nothing: where torch, gsplat or a device is missing, says so and ends with 77.
Written on a machine without a GPU and not run on one yet.
"""
import argparse
import json
import subprocess
import sys


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def scene(torch, splats, width, height, sigma_px):
    """The distribution of helio bench raster: even over the picture, z in 2..6."""
    torch.manual_seed(42)
    focal = 0.8 * max(width, height)
    z = 2 + 4 * torch.rand(splats)
    x = z * (width * torch.rand(splats) - width / 2) / focal
    y = z * (height * torch.rand(splats) - height / 2) / focal
    size = torch.log(sigma_px * z / focal) + 0.6 * torch.randn(splats)
    scales = torch.exp(size[:, None] + 0.4 * torch.randn(splats, 3))
    sh = torch.randn(splats, 16, 3) * torch.tensor([1.0] + [0.1] * 15)[None, :, None]
    values = {
        "means": torch.stack([x, y, z], 1),
        "quats": torch.randn(splats, 4),
        "scales": scales,
        "opacities": torch.sigmoid(-1 + 1.5 * torch.randn(splats)),
        "colors": sh,
    }
    intrinsics = torch.tensor([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    return {k: v.cuda().requires_grad_() for k, v in values.items()}, intrinsics[None].cuda()


def time_ms(torch, work, repeat=20):
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    times = []
    for _ in range(repeat + 3):
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return sorted(times[3:])[repeat // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--helio", default="build/helio")
    parser.add_argument("--splats", type=int, default=1000000)
    parser.add_argument("--size", default="1296x840")
    parser.add_argument("--sigma-px", type=float, default=1.5)
    args = parser.parse_args()
    try:
        import gsplat
        import torch
    except ImportError as error:
        skip(f"{error.name} is not importable here")
    if not torch.cuda.is_available():
        skip("no CUDA device")
    width, height = map(int, args.size.split("x"))
    splats, intrinsics = scene(torch, args.splats, width, height, args.sigma_px)
    pose = torch.eye(4, device="cuda")[None]

    def forward():
        return gsplat.rasterization(viewmats=pose, Ks=intrinsics, width=width, height=height,
                                    sh_degree=3, packed=False, **splats)[0]

    def both():
        forward().sum().backward()

    theirs = {"forward_ms": time_ms(torch, forward)}
    theirs["backward_ms"] = time_ms(torch, both) - theirs["forward_ms"]
    run = subprocess.run([args.helio, "bench", "raster", "--backend", "cuda", "--splats",
                          str(args.splats), "--size", args.size, "--sigma-px", str(args.sigma_px),
                          "--repeat", "20", "--json", "--quiet"], capture_output=True, text=True)
    if run.returncode == 3:
        skip(run.stderr.strip())
    run.check_returncode()
    stages = json.loads(run.stdout)["paths"]["cuda"]["stages_ms"]
    bwd = ("blend_bwd", "splat_bwd")
    ours = {"forward_ms": sum(v for k, v in stages.items() if k not in bwd),
            "backward_ms": sum(stages[k] for k in bwd)}
    print(f"{torch.cuda.get_device_name()}, gsplat {gsplat.__version__}, {args.splats} splats, {args.size}")
    for key in ("forward_ms", "backward_ms"):
        print(f"{key:12} gsplat {theirs[key]:8.3f}  helio {ours[key]:8.3f}  "
              f"{theirs[key] / ours[key]:.2f}x")


if __name__ == "__main__":
    main()
