/* SPDX-License-Identifier: MIT */
/* drop_files WINDOW X Y FILE... -- drops files on a window as a file manager does: the source's
 * side of the XDND protocol, version 5.  Ends with 0 when the window says that it took them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <X11/Xatom.h>
#include <X11/Xlib.h>
#include <poll.h>

enum { VERSION = 5, LIST_BYTES = 8192, PATIENCE_MS = 15000 };

static Display *display;
static Window source, target;
static char list[LIST_BYTES]; /* text/uri-list */

static Atom atom(const char *name)
{
    return XInternAtom(display, name, False);
}

static void send_message(const char *type, long a, long b, long c, long d)
{
    XEvent e;
    memset(&e, 0, sizeof e);
    e.xclient.type = ClientMessage;
    e.xclient.window = target;
    e.xclient.message_type = atom(type);
    e.xclient.format = 32;
    e.xclient.data.l[0] = (long)source;
    e.xclient.data.l[1] = a;
    e.xclient.data.l[2] = b;
    e.xclient.data.l[3] = c;
    e.xclient.data.l[4] = d;
    XSendEvent(display, target, False, NoEventMask, &e);
    XFlush(display);
}

/* The target asks for the list: it becomes a property of its window. */
static void answer(const XSelectionRequestEvent *r)
{
    XEvent e;
    memset(&e, 0, sizeof e);
    XChangeProperty(display, r->requestor, r->property, r->target, 8, PropModeReplace,
                    (const unsigned char *)list, (int)strlen(list));
    e.xselection.type = SelectionNotify;
    e.xselection.requestor = r->requestor;
    e.xselection.selection = r->selection;
    e.xselection.target = r->target;
    e.xselection.property = r->property;
    e.xselection.time = r->time;
    XSendEvent(display, r->requestor, False, NoEventMask, &e);
    XFlush(display);
}

/* Waits for a message of the target; requests that come before it are answered. */
static int wait_for(const char *type)
{
    const Atom wanted = atom(type);
    struct pollfd p = {.fd = ConnectionNumber(display), .events = POLLIN};
    for (;;) {
        XEvent e;
        while (!XPending(display))
            if (poll(&p, 1, PATIENCE_MS) <= 0) {
                fprintf(stderr, "drop_files: no %s from the window\n", type);
                return 0;
            }
        XNextEvent(display, &e);
        if (e.type == SelectionRequest)
            answer(&e.xselectionrequest);
        else if (e.type == ClientMessage && e.xclient.message_type == wanted)
            return 1;
    }
}

static int make_list(int count, char **files)
{
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        char full[4096];
        if (!realpath(files[i], full)) {
            fprintf(stderr, "drop_files: %s: %s\n", files[i], strerror(errno));
            return 0;
        }
        used += (size_t)snprintf(list + used, sizeof list - used, "file://%s\r\n", full);
        if (used >= sizeof list)
            return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 5 || !make_list(argc - 4, argv + 4))
        return 2;
    display = XOpenDisplay(NULL);
    if (!display)
        return 2;
    target = (Window)strtoul(argv[1], NULL, 0);
    source = XCreateSimpleWindow(display, DefaultRootWindow(display), 0, 0, 1, 1, 0, 0, 0);
    XSetSelectionOwner(display, atom("XdndSelection"), source, CurrentTime);
    const long at = (strtol(argv[2], NULL, 10) << 16) | strtol(argv[3], NULL, 10);
    send_message("XdndEnter", (long)VERSION << 24, (long)atom("text/uri-list"), 0, 0);
    send_message("XdndPosition", 0, at, CurrentTime, (long)atom("XdndActionCopy"));
    int fine = wait_for("XdndStatus");
    if (fine) {
        send_message("XdndDrop", 0, CurrentTime, 0, 0);
        fine = wait_for("XdndFinished");
    }
    XCloseDisplay(display);
    return fine ? 0 : 1;
}
