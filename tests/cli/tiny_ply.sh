# SPDX-License-Identifier: MIT
# Sourced by tests: tiny_ply FILE writes two splats of degree 0 as ascii PLY.
tiny_ply() {
    {
        echo ply
        echo format ascii 1.0
        echo comment SplatRenderMode: mip
        echo element vertex 2
        for name in x y z f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 \
            rot_3 roughness; do
            echo "property float $name"
        done
        echo end_header
        echo 1 2 3 0.5 0 -0.5 0 -1 -2 -3 1 0 0 0 0.7
        echo -1 -2 -3 0.25 0 -0.25 2 -2 -2 -2 1 1 0 0 0.7
    } >"$1"
}
