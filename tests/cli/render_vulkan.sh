# SPDX-License-Identifier: MIT
# Pictures of --backend vulkan serve as photos; those of the CPU come within 45 dB of them.
. "$ROOT/tests/cli/tiny_ply.sh"
"$HELIO" doctor --json | grep -q '"text":.*tier T1' || { echo 'skipped: no Vulkan device'; exit 77; }
tiny_ply in.ply
mkdir data
echo '{"render_width":64,"render_height":48,"camera_path":[
{"camera_to_world":[1,0,0,0, 0,1,0,0, 0,0,1,8, 0,0,0,1],"fov":60},
{"camera_to_world":[1,0,0,1, 0,1,0,0, 0,0,1,8, 0,0,0,1],"fov":60}]}' >path.json
echo '{"w":64,"h":48,"fl_x":41.569219381653056,"fl_y":41.569219381653056,"cx":32,"cy":24,"frames":[
{"file_path":"images/00000.png","transform_matrix":[[1,0,0,0],[0,1,0,0],[0,0,1,8],[0,0,0,1]]},
{"file_path":"images/00001.png","transform_matrix":[[1,0,0,1],[0,1,0,0],[0,0,1,8],[0,0,0,1]]}]}' \
    >data/transforms.json
"$HELIO" render in.ply --camera-path path.json -o data/images --background 0.25,0.5,0.75 \
    --backend vulkan
"$HELIO" eval in.ply --data data --split all --background 0.25,0.5,0.75 -o result --no-images \
    --require 'nvs.psnr>=45' --quiet
"$HELIO" eval in.ply --data data --split all --background black -o result --no-images --quiet
"$HELIO" render in.ply --path orbit --frames 2 --size 64x48 --backend vulkan --outputs depth \
    -o no --quiet
