# SPDX-License-Identifier: MIT
# COLMAP opens what we write, and we open what COLMAP writes: models and databases.
command -v colmap >/dev/null || { echo "skipped: colmap is not installed"; exit 77; }
"$HELIO" doctor | grep -q '^sqlite .*absent' && { echo "skipped: built without SQLite"; exit 77; }
export QT_QPA_PLATFORM=offscreen
"$HELIO" synth -o s --scene corner --views 8 --width 192 --height 144 --samples 1 --bounces 0 \
    --bare --quiet >/dev/null
"$HELIO" sfm s -o out --write-database --no-cache --quiet >/dev/null
"$HELIO" sfm s -o text --text --no-cache --quiet >/dev/null
for folder in out text; do
    colmap model_analyzer --path $folder/sparse/0 2>&1 | grep -o 'Registered images: .*'
done
mkdir binary ours theirs
colmap model_converter --input_path text/sparse/0 --output_path binary --output_type BIN >/dev/null 2>&1
"$HELIO" poses binary out/sparse/0 | grep -o '8 of 8'

# Our database: its own features and matches again give the same model, COLMAP maps it.
"$HELIO" sfm s -o again --database out/database.db --write-database --no-cache --quiet >/dev/null
"$HELIO" sfm s -o features --database out/database.db --database-features --no-cache --quiet >/dev/null
cmp out/database.db again/database.db
for folder in again features; do cmp out/sparse/0/points3D.bin $folder/sparse/0/points3D.bin; done
cp out/database.db ours/database.db
colmap mapper --database_path ours/database.db --image_path s/images --output_path ours >/dev/null 2>&1
"$HELIO" poses ours/0 out/sparse/0 | grep -o '8 of 8'

# COLMAP's database: with its matches, and with its features alone.
colmap feature_extractor --database_path theirs/database.db --image_path s/images \
    --ImageReader.single_camera 1 --SiftExtraction.use_gpu 0 >/dev/null 2>&1
colmap exhaustive_matcher --database_path theirs/database.db --SiftMatching.use_gpu 0 >/dev/null 2>&1
"$HELIO" sfm s -o taken --database theirs/database.db --no-cache --quiet | grep -o '^model 0: 8 of 8'
"$HELIO" sfm s -o mixed --database theirs/database.db --database-features --no-cache --quiet |
    grep -o '^model 0: 8 of 8'
"$HELIO" poses taken/sparse/0 out/sparse/0 | grep -o '8 of 8'
