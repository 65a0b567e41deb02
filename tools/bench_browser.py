#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times a WebGL splat viewer in headless Chromium beside helio bench view.

    tools/bench_browser.py HELIO VIEWER [--splats N] [--size WxH] [--out FOLDER]

VIEWER is a checkout of antimatter15/splat (index.html, main.js), which is not part of this
project.  Same file, same poses, same size, one after the other in one run.  Two times of the
browser: of a frame from call to pixels ("work"), and from frame to frame ("interval"), which
its compositing and its sort share.  Processor time is that of all processes of the browser.  The viewer's sort, in a worker, is free to lag behind.
Prints one JSON object.  Exit code 77, with a line that says why, where something is missing.
"""
import argparse
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

FRAMES, PATIENCE = 200, 240

DRIVER = """
<script>
const bench = %s;
Object.defineProperty(window, "innerWidth", {get: () => bench.width});
Object.defineProperty(window, "innerHeight", {get: () => bench.height});
const draw = WebGL2RenderingContext.prototype.drawArraysInstanced;
let drawn = 0, context = null;
WebGL2RenderingContext.prototype.drawArraysInstanced = function (mode, first, count, instances) {
    drawn = instances;
    context = this;
    return draw.call(this, mode, first, count, instances);
};
const next = window.requestAnimationFrame.bind(window), work = [], interval = [], pixel = new Uint8Array(4);
let turn = 0, start = 0, last = 0, over = false, picture = null;
const send = (path, body) => fetch(path, {method: "POST", body});
window.requestAnimationFrame = (callback) => next((now) => {
    if (over) return;
    viewMatrix = bench.poses[turn %% bench.poses.length];
    const before = performance.now();
    callback(now);
    if (drawn < bench.splats) return;
    context.readPixels(0, 0, 1, 1, context.RGBA, context.UNSIGNED_BYTE, pixel); /* waits */
    const after = performance.now();
    if (++turn > 5) { /* the first ones compile shaders and wait for the sort */
        work.push(after - before);
        interval.push(after - last);
        if (!start) {
            start = before;
            send("/start", "");
        }
        picture = picture || context.canvas.toDataURL("image/png"); /* pose 5 */
    }
    last = after;
    if (work.length >= bench.frames || (start && after - start > 1000 * bench.seconds)) {
        over = true;
        const name = context.getExtension("WEBGL_debug_renderer_info");
        send("/result", JSON.stringify({work, interval, picture,
            renderer: context.getParameter(name ? name.UNMASKED_RENDERER_WEBGL : context.RENDERER)}));
    }
});
</script>
"""
AFTER = "<script>camera.fx = bench.fx; camera.fy = bench.fy;</script>"


def absent(reason):
    print("skipped:", reason)
    sys.exit(77)


def middle(values, p):
    values = sorted(values)
    return values[int(p * (len(values) - 1) + 0.5)]


def ticks(root):
    """Processor seconds of a process and of those it started, user and system."""
    total, parents = {}, {}
    for entry in os.listdir("/proc"):
        try:
            fields = open("/proc/%s/stat" % int(entry), encoding="utf-8").read().rsplit(")", 1)[1].split()
        except (ValueError, OSError):
            continue
        parents[int(entry)] = int(fields[1])
        total[int(entry)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    def below(process):
        while process and process != root:
            process = parents.get(process, 0)
        return process == root
    return sum(seconds for process, seconds in total.items() if below(process))


def column_major(pose):
    r, t = pose["r"], pose["t"]
    return [r[0], r[3], r[6], 0, r[1], r[4], r[7], 0, r[2], r[5], r[8], 0] + t + [1]


def page(viewer, orbit, splats, seconds):
    bench = {"width": orbit["width"], "height": orbit["height"], "fx": orbit["fx"], "fy": orbit["fy"],
             "poses": [column_major(p) for p in orbit["poses"]], "splats": splats, "frames": FRAMES,
             "seconds": seconds}
    html = open(os.path.join(viewer, "index.html"), encoding="utf-8").read()
    tag = html.rfind('<script src="main.js">')
    if tag < 0:
        absent(viewer + "/index.html does not load main.js")
    end = html.index("</script>", tag) + len("</script>")
    return (html[:tag] + DRIVER % json.dumps(bench) + html[tag:end] + AFTER + html[end:]).encode()


def serve(html, viewer, splat):
    """A server of three files on this machine alone, and the event that its result has come."""
    files = {"/": ("text/html", html), "/main.js": ("text/javascript", open(os.path.join(viewer, "main.js"), "rb").read()),
             "/scene.splat": ("application/octet-stream", open(splat, "rb").read())}
    came = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            kind, body = files.get(self.path.split("?")[0], ("text/plain", b""))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            spent = ticks(self.server.browser)
            if self.path == "/start":
                self.server.spent = spent
            else:
                self.server.result = json.loads(body)
                self.server.result["processor"] = spent - self.server.spent
            self.send_response(204)
            self.end_headers()
            if self.path == "/result":
                came.set()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, came


def browse(chromium, server, came, size, profile):
    port, first = server.server_address[1], "[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]"
    url = "http://127.0.0.1:%d/?url=http://127.0.0.1:%d/scene.splat#%s" % (port, port, first)
    command = [chromium, "--headless=new", "--no-sandbox", "--disable-frame-rate-limit", "--disable-gpu-vsync",
               "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
               "--force-device-scale-factor=1", "--window-size=%d,%d" % size, "--user-data-dir=" + profile,
               "--no-first-run", "--disable-background-networking", url]
    with open(os.path.join(profile, "log"), "w", encoding="utf-8") as log:
        browser = subprocess.Popen(command, stdout=log, stderr=log)
        server.browser = browser.pid
    ok = came.wait(PATIENCE)
    browser.terminate()
    browser.wait()
    if not ok:
        absent("chromium gave no result within %d s" % PATIENCE)
    return server.result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("helio")
    parser.add_argument("viewer")
    parser.add_argument("--splats", type=int, default=20000)
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--sigma-px", default="2")
    parser.add_argument("--seconds", type=float, default=8, help="of each program, or 200 frames")
    parser.add_argument("--out", help="folder for the scene, the orbit and the browser's picture")
    o = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        absent("no chromium (Debian package chromium)")
    if not os.path.isfile(os.path.join(o.viewer, "main.js")):
        absent(o.viewer + " holds no main.js: a checkout of antimatter15/splat is needed")
    with tempfile.TemporaryDirectory() as scratch:
        out = o.out or os.path.join(scratch, "scene")
        bench = [o.helio, "bench", "view", "--size", o.size, "--quiet"]
        subprocess.run(bench + ["--splats", str(o.splats), "--sigma-px", o.sigma_px, "--save", out, "--frames", "1",
                                "--raster", "cpu"], check=True, stdout=subprocess.DEVNULL)
        splat = os.path.join(out, "scene.splat")
        orbit = json.load(open(os.path.join(out, "orbit.json"), encoding="utf-8"))
        server, came = serve(page(o.viewer, orbit, o.splats, o.seconds), o.viewer, splat)
        result = browse(chromium, server, came, (orbit["width"], orbit["height"]), scratch)
        server.shutdown()
        ours = json.loads(subprocess.run(bench + ["--input", splat, "--json", "--seconds", str(o.seconds)], check=True, stdout=subprocess.PIPE).stdout)
    if o.out and result["picture"]:
        import base64
        with open(os.path.join(o.out, "browser.png"), "wb") as png:
            png.write(base64.b64decode(result["picture"].split(",")[1]))
    work, interval = middle(result["work"], 0.5), middle(result["interval"], 0.5)
    report = {"splats": o.splats, "size": o.size, "renderer": result["renderer"],
              "browser": {"frames": len(result["work"]), "work_ms_p50": work, "interval_ms_p50": interval,
                          "processor_ms": 1000 * result["processor"] / len(result["work"]),
                          "fps": 1000 / interval}}
    for name, path in ours["paths"].items():
        ms = path["frame_ms"]["p50"]
        report[name] = {"frames": path["frames"], "frame_ms_p50": ms, "fps": path["fps"],
                        "processor_ms": path["processor_ms"],
                        "times_browser": interval / ms, "times_browser_work": work / ms,
                        "times_browser_processor": report["browser"]["processor_ms"] / path["processor_ms"]}
    print(json.dumps(report, indent=1))


main()
