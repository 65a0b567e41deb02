#!/bin/bash
# SPDX-License-Identifier: MIT
# check_layers.sh [ROOT] -- who may include whom, and which file is the home of which library.
# Prints one line per breach; exit 1 if there is one.
set -u
root=${1:-$(dirname "$0")/..}
. "$(dirname "$0")/files.sh"
cd "$root" || exit 2

list_files . | grep -E '\.(c|h|cu|cuh|cpp)$' | grep -v '^tests/' | xargs -r awk '
BEGIN {
    may["core"] = "core"
    may["datasets"] = "core datasets"
    may["sfm"] = "core sfm"
    may["raster"] = "core raster"
    may["relight"] = "core raster relight"
    may["viewer"] = "core raster relight viewer shaders"
    may["shaders"] = "shaders"
    may["cli"] = "core datasets sfm raster relight viewer cli"
    home["stb_"] = "core/image[a-z_]*\\.c"
    home["tinyexr"] = "core/exr\\.c"
    home["cjson/"] = "core/json\\.c"
    home["cJSON"] = "core/json\\.c"
    home["zlib\\.h"] = "core/io/.*"
    home["zstd"] = "core/io/.*"
    home["webp/"] = "core/io/.*"
    home["jpeglib"] = "core/image_jpeg\\.c"
    home["turbojpeg"] = "core/image_jpeg\\.c"
    home["libexif/"] = "datasets/image_folder\\.c"
    home["embree"] = "core/bvh_embree\\.c"
    home["sqlite3"] = "sfm/database_[a-z]*\\.c"
    home["volk"] = "viewer/(vk_|pass_)[a-z_]*\\.[ch]"
    home["imgui"] = "viewer/ui_imgui\\.cpp"
    home["vulkan/"] = "none"
    home["GLFW/"] = "viewer/window_glfw\\.c"
    home["cmocka"] = "none"
}
function breach(what) {
    printf "%s:%d: %s\n", FILENAME, FNR, what
    bad = 1
}
FNR == 1 { split(FILENAME, part, "/"); folder = part[1] }
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, q, "\""); n = split(q[2], p, "/")
    if (n < 2)
        breach("\"" q[2] "\" must be written from the root, as \"folder/file.h\"")
    else if (!(folder in may))
        breach("folder " folder " is not in the table of layers")
    else if (index(" " may[folder] " ", " " p[1] " ") == 0)
        breach(folder " must not include " p[1] ": \"" q[2] "\"")
    else if (p[1] != folder && n > 2)
        breach("\"" q[2] "\" is private to " p[1])
    if (q[2] ~ /\.c$/)
        breach("a .c file is included: \"" q[2] "\"")
}
/^[ \t]*#[ \t]*include[ \t]*</ {
    split($0, q, /[<>]/)
    for (lib in home)
        if (q[2] ~ lib && FILENAME !~ ("^" home[lib] "$"))
            breach("<" q[2] "> has another home: " home[lib])
}
END { exit bad }
' || exit 1
