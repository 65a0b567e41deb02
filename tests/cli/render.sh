# SPDX-License-Identifier: MIT
# Renders along a camera path; the pictures become a capture of exact photos; eval then finds no
# difference, and a difference where the splats are others.
. "$ROOT/tests/cli/tiny_ply.sh"
frame() { # x of the camera, which looks along world -z
    printf '{"camera_to_world":[1,0,0,%s, 0,1,0,0, 0,0,1,8, 0,0,0,1],"fov":60}' "$1"
}
photo() { # file, x
    printf '{"file_path":"%s","transform_matrix":[[1,0,0,%s],[0,1,0,0],[0,0,1,8],[0,0,0,1]]}' \
        "$1" "$2"
}
tiny_ply in.ply
echo "{\"render_width\":64,\"render_height\":48,\"camera_path\":[$(frame -1),$(frame 0),$(frame 1)]}" \
    >path.json
mkdir data
"$HELIO" render in.ply --camera-path path.json -o data/images --background 0.25,0.5,0.75
# Half the height over tan 30 degrees.
echo "{\"w\":64,\"h\":48,\"fl_x\":41.569219381653056,\"fl_y\":41.569219381653056,\"cx\":32,\"cy\":24,
\"frames\":[$(photo images/00000.png -1),$(photo images/00001.png 0),$(photo images/00002.png 1)]}" \
    >data/transforms.json
"$HELIO" eval in.ply --data data --split all --background 0.25,0.5,0.75 -o result --sheet \
    --require 'nvs.psnr>=100,nvs.ssim>=0.99999'
ls result result/sheets result/test/ours_0/gt
cmp result/test/ours_0/renders/00002.png data/images/00002.png
"$HELIO" eval in.ply --data data --split all -o black --no-images --quiet
grep -c '"lpips_squeeze":.*null' black/eval.json
# Masks: where only the splats count, the other background does not matter.
sed 's/ 0 -1 -2 -3 / 6 -1 -2 -3 /' in.ply >solid.ply
"$HELIO" render solid.ply --camera-path path.json -o data/images --background white --quiet
"$HELIO" eval solid.ply --data data --split all -o all --no-images --quiet \
    --require 'nvs.psnr<=4'
"$HELIO" render solid.ply --camera-path path.json -o data/masks --outputs alpha --quiet
"$HELIO" eval solid.ply --data data --split all -o masked --no-images --quiet \
    --require 'nvs.psnr>=9'
grep -c 'ignored pixels: left out of PSNR' masked/eval.json

"$HELIO" render in.ply --path orbit --frames 3 --size 40x30 -o sheet.png
"$HELIO" render in.ply --path orbit --frames 2 --size 40x30 -o many --outputs depth,normal,alpha \
    --exr --json | grep -c '"frames":.*2'
find many -type f | sort
for path in spiral ellipse interp views; do
    "$HELIO" render in.ply --data data --path $path --frames 2 -o $path --quiet
done | sed 's/, [0-9.]* ms.*//'
# Without ffmpeg: the pictures and the command.
PATH=/nowhere "$HELIO" render in.ply --path orbit --frames 2 --size 40x30 -o film.mp4
ls film
"$HELIO" render in.ply --path orbit --frames 1 --size 40x30 -o many --outputs surface --exr --quiet >/dev/null
"$HELIO" render in.ply --path orbit --frames 1 --size 8x8 -o many --outputs albedo --quiet || echo no materials
