/* SPDX-License-Identifier: MIT */

#include "core/file.h"

#include "core/memory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned char no_bytes[1];

hl_status hl_file_map_open(hl_file_map *map, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hl_fail(HL_E_IO, "%s: cannot open: %s", path, strerror(errno));
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return hl_fail(HL_E_IO, "%s: not a regular file", path);
    }
    hl_file_map m = {no_bytes, (size_t)st.st_size, false};
    if (m.size) {
        void *bytes = mmap(NULL, m.size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED) {
            const int error = errno;
            close(fd);
            return hl_fail(HL_E_IO, "%s: cannot map %zu bytes: %s", path, m.size, strerror(error));
        }
        m.bytes = bytes;
        m.mapped = true;
    }
    close(fd);
    *map = m;
    return HL_OK;
}

void hl_file_map_close(hl_file_map *map)
{
    if (map->mapped)
        munmap((void *)(uintptr_t)map->bytes, map->size);
    memset(map, 0, sizeof *map);
}

hl_status hl_file_writer_open(hl_file_writer *writer, const char *path)
{
    const size_t capacity = strlen(path) + 32;
    hl_file_writer w = {0};
    w.path = hl_strdup(path);
    w.temporary = hl_alloc(capacity, 1);
    if (!w.path || !w.temporary) {
        hl_free(w.path);
        hl_free(w.temporary);
        return HL_E_MEMORY;
    }
    snprintf(w.temporary, capacity, "%s.tmp-%ld", path, (long)getpid());
    w.stream = fopen(w.temporary, "wb");
    if (!w.stream) {
        const hl_status s = hl_fail(HL_E_IO, "%s: cannot write: %s", path, strerror(errno));
        hl_free(w.path);
        hl_free(w.temporary);
        return s;
    }
    *writer = w;
    return HL_OK;
}

void hl_file_write(hl_file_writer *writer, const void *bytes, size_t count)
{
    if (!writer->failed && count && fwrite(bytes, 1, count, writer->stream) != count) {
        writer->failed = true;
        writer->error = errno;
    }
}

static void writer_forget(hl_file_writer *writer)
{
    hl_free(writer->path);
    hl_free(writer->temporary);
    memset(writer, 0, sizeof *writer);
}

hl_status hl_file_writer_commit(hl_file_writer *writer)
{
    errno = 0;
    if (!writer->failed && (ferror(writer->stream) || fflush(writer->stream) != 0 ||
                            fsync(fileno(writer->stream)) != 0)) {
        writer->failed = true;
        writer->error = errno;
    }
    if (fclose(writer->stream) != 0 && !writer->failed) {
        writer->failed = true;
        writer->error = errno;
    }
    if (!writer->failed && rename(writer->temporary, writer->path) != 0) {
        writer->failed = true;
        writer->error = errno;
    }
    hl_status s = HL_OK;
    if (writer->failed) {
        const char *why = writer->error ? strerror(writer->error) : "a write failed";
        s = hl_fail(HL_E_IO, "%s: not saved: %s", writer->path, why);
        unlink(writer->temporary);
    }
    writer_forget(writer);
    return s;
}

void hl_file_writer_abort(hl_file_writer *writer)
{
    if (!writer->stream)
        return;
    fclose(writer->stream);
    unlink(writer->temporary);
    writer_forget(writer);
}

hl_status hl_file_save(const char *path, const void *bytes, size_t count)
{
    hl_file_writer w;
    HL_TRY(hl_file_writer_open(&w, path));
    hl_file_write(&w, bytes, count);
    return hl_file_writer_commit(&w);
}

static hl_status make_one(const char *path)
{
    if (mkdir(path, 0777) == 0 || hl_file_is_folder(path))
        return HL_OK;
    if (errno == EEXIST)
        return hl_fail(HL_E_IO, "%s: exists and is not a folder", path);
    return hl_fail(HL_E_IO, "%s: cannot make the folder: %s", path, strerror(errno));
}

hl_status hl_file_make_folder(const char *path)
{
    if (!*path)
        return hl_fail(HL_E_ARG, "cannot make a folder without a name");
    char *part = hl_strdup(path);
    if (!part)
        return HL_E_MEMORY;
    hl_status s = HL_OK;
    for (char *p = part + 1; *p && s == HL_OK; p++)
        if (*p == '/') {
            *p = 0;
            s = make_one(part);
            *p = '/';
        }
    if (s == HL_OK)
        s = make_one(part);
    hl_free(part);
    return s;
}

bool hl_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool hl_file_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

hl_status hl_path_join(char *out, size_t capacity, const char *folder, const char *name)
{
    const size_t n = strlen(folder);
    const char *slash = (!n || folder[n - 1] == '/') ? "" : "/";
    const int written = name[0] == '/' ? snprintf(out, capacity, "%s", name)
                                       : snprintf(out, capacity, "%s%s%s", folder, slash, name);
    if (written < 0 || (size_t)written >= capacity)
        return hl_fail(HL_E_ARG, "path too long: %s in %s", name, folder);
    return HL_OK;
}

const char *hl_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool hl_path_has_extension(const char *path, const char *extension)
{
    const char *dot = strrchr(hl_path_name(path), '.');
    if (!dot)
        return false;
    const char *a = dot + 1, *b = extension;
    while (*a && *b && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
        a++;
        b++;
    }
    return !*a && !*b;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

hl_status hl_file_list_folder(hl_file_list *list, const char *path)
{
    struct dirent **entries = NULL;
    const int count = scandir(path, &entries, visible, by_bytes);
    if (count < 0)
        return hl_fail(HL_E_IO, "%s: cannot list the folder: %s", path, strerror(errno));
    hl_file_list l = {hl_alloc((size_t)count, sizeof(char *)), count};
    hl_status s = l.names ? HL_OK : HL_E_MEMORY;
    for (int i = 0; i < count; i++) {
        if (s == HL_OK && !(l.names[i] = hl_strdup(entries[i]->d_name)))
            s = HL_E_MEMORY;
        free(entries[i]); /* scandir's own malloc */
    }
    free(entries);
    if (s == HL_OK)
        *list = l;
    else
        hl_file_list_release(&l);
    return s;
}

void hl_file_list_release(hl_file_list *list)
{
    for (int32_t i = 0; list->names && i < list->count; i++)
        hl_free(list->names[i]);
    hl_free(list->names);
    memset(list, 0, sizeof *list);
}
