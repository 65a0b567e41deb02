#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Points and cameras of an .npz (points (N, 3) in the world, colours (N, 3), viewmats (C, 4, 4), Ks
(C, 3, 3), width, height) as splats and cameras for `helio bench --input --cameras`.

    tools/garden_scene.py points.npz splats.ply cameras.json

Splats have the distance to the third neighbour for a size, within 0.1 % to 2 % of the extent.
"""
import json
import sys

import numpy as np

SH_DC = 0.28209479177387814


def sizes_of(points):
    """Distance to the third neighbour, by cells where there is no scipy."""
    try:
        from scipy.spatial import cKDTree
        return cKDTree(points).query(points, k=4)[0][:, 3]
    except ImportError:
        span = np.percentile(points, 95, 0) - np.percentile(points, 5, 0)
        return np.full(len(points), float(np.cbrt(np.prod(span) / len(points))))


def main(source, ply, cameras):
    data = np.load(source)
    names = {name.lower(): name for name in data.files}

    def first(*candidates):
        for name in candidates:
            if name in names:
                return data[names[name]]
        raise SystemExit(f"{source}: none of {candidates} among {data.files}")

    points = first("means", "means3d", "points", "xyz").reshape(-1, 3).astype(np.float32)
    colors = first("colors", "rgb").reshape(-1, 3).astype(np.float32)
    colors = colors / 255 if colors.max() > 1.5 else colors
    poses, intrinsics = first("viewmats"), first("ks", "k")
    width, height = int(first("width")), int(first("height"))
    extent = float(np.linalg.norm(np.percentile(points, 95, 0) - np.percentile(points, 5, 0)))
    scale = np.log(np.clip(sizes_of(points), 1e-3 * extent, 0.02 * extent)).astype(np.float32)
    columns = {"x": points[:, 0], "y": points[:, 1], "z": points[:, 2]}
    columns.update({f"f_dc_{c}": (colors[:, c] - 0.5) / SH_DC for c in range(3)})
    columns.update({f"f_rest_{k}": np.zeros(len(points)) for k in range(45)})
    columns["opacity"] = np.zeros(len(points))
    columns.update({f"scale_{a}": scale for a in range(3)})
    columns.update({f"rot_{k}": np.full(len(points), k == 0) for k in range(4)})
    table = np.stack([np.asarray(v, "<f4") for v in columns.values()], -1)
    with open(ply, "wb") as file:
        file.write(b"ply\nformat binary_little_endian 1.0\n")
        file.write(f"element vertex {len(points)}\n".encode())
        file.writelines(f"property float {name}\n".encode() for name in columns)
        file.write(b"end_header\n" + table.tobytes())
    out = []
    for pose, k in zip(poses.reshape(-1, 4, 4), np.broadcast_to(intrinsics, (len(poses), 3, 3))):
        to_world = np.linalg.inv(pose.astype(np.float64))
        out.append({"width": width, "height": height, "fx": float(k[0, 0]), "fy": float(k[1, 1]),
                    "position": to_world[:3, 3].tolist(), "rotation": to_world[:3, :3].tolist()})
    with open(cameras, "w") as file:
        json.dump(out, file)
    print(f"{len(points)} points, {len(out)} cameras, {width}x{height}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
