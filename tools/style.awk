# SPDX-License-Identifier: MIT
# Banned calls, file length and line length of C files; called by check_style.sh.
function breach(line, what) {
    printf "%s:%d: %s\n", file, line, what
    bad = 1
}
function close_file() {
    if (file != "" && lines > 700)
        breach(lines, lines " lines, limit 700")
}
# The line without comments, strings and character constants.
function strip(s, out, c, two) {
    out = ""
    while (s != "") {
        c = substr(s, 1, 1)
        two = substr(s, 1, 2)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; s = substr(s, 3) } else s = substr(s, 2)
        } else if (two == "/*") { in_comment = 1; s = substr(s, 3)
        } else if (two == "//") { return out
        } else if (c == "\"" || c == "'") {
            s = substr(s, 2)
            while (s != "" && substr(s, 1, 1) != c)
                s = substr(s, substr(s, 1, 1) == "\\" ? 3 : 2)
            s = substr(s, 2)
            out = out "0"
        } else { out = out c; s = substr(s, 2) }
    }
    return out
}
function calls(text, names) {
    return text ~ ("(^|[^A-Za-z0-9_.>])(" names ")[ ]*\\(")
}
BEGIN {
    unsafe = "atoi|atol|atof|sprintf|vsprintf|strcpy|strcat|strtok|gets|rand|srand|alloca"
    heap = "malloc|calloc|realloc|free|strdup|aligned_alloc|posix_memalign"
    talk = "printf|puts|putchar|perror|exit|abort|_exit|quick_exit"
}
FNR == 1 {
    close_file()
    file = FILENAME
    in_comment = 0
    split(file, part, "/")
    folder = part[1]
}
{
    lines = FNR
    if (length($0) > 100 && $0 !~ /https?:/) {
        text = $0
        gsub(/[\200-\277]/, "", text) # continuation bytes of UTF-8
        if (length(text) > 100)
            breach(FNR, "longer than 100 columns")
    }
    code = in_comment || /["'\/]/ ? strip($0) : $0
    if (calls(code, unsafe))
        breach(FNR, "banned call: " $0)
    if (folder != "core" && folder != "tests" && calls(code, heap))
        breach(FNR, "heap call outside core: " $0)
    if (folder != "cli" && folder != "tests" && calls(code, talk))
        breach(FNR, "a library neither prints nor exits: " $0)
}
END {
    close_file()
    exit bad
}
