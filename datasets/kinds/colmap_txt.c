/* SPDX-License-Identifier: MIT */
/* The text form: '#' starts a comment line; two lines per image, the second one may be empty. */
#include "core/camera_model.h"
#include "datasets/kinds/colmap_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_BYTES = 64 };

typedef struct reader {
    const hl_colmap_source *source;
    size_t next;     /* first byte of the next line */
    const char *at;  /* rest of the current line    */
    const char *end; /* its end                     */
    uint64_t line;   /* number of the current line, from 1 */
    char place[32];
} reader;

/* Moves to the next line, empty or not; false at the end of the file. */
static bool next_line(reader *r)
{
    if (r->next >= r->source->size)
        return false;
    const char *begin = (const char *)r->source->bytes + r->next;
    const size_t left = r->source->size - r->next;
    const char *newline = memchr(begin, '\n', left);
    r->at = begin;
    r->end = newline ? newline : begin + left;
    r->next += (size_t)(r->end - begin) + (newline ? 1 : 0);
    while (r->end > r->at && (r->end[-1] == '\r' || r->end[-1] == ' ' || r->end[-1] == '\t'))
        r->end--;
    r->line++;
    snprintf(r->place, sizeof r->place, "line %" PRIu64, r->line);
    return true;
}

/* Moves to the next line that holds a record. */
static bool next_record(reader *r)
{
    while (next_line(r))
        if (r->at < r->end && *r->at != '#')
            return true;
    return false;
}

static void skip_blanks(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
        r->at++;
}

/* The next word of the line, cut at TOKEN_BYTES - 1; false at its end. */
static bool token(reader *r, char out[TOKEN_BYTES])
{
    skip_blanks(r);
    const char *begin = r->at;
    while (r->at < r->end && *r->at != ' ' && *r->at != '\t')
        r->at++;
    size_t n = (size_t)(r->at - begin);
    if (!n)
        return false;
    if (n > TOKEN_BYTES - 1)
        n = TOKEN_BYTES - 1;
    memcpy(out, begin, n);
    out[n] = 0;
    return strlen(out) == n; /* a NUL inside a word is no text */
}

static hl_status bad(const reader *r, const char *what, const char *found)
{
    return hl_fail(HL_E_FORMAT, "%s: %s: expected %s, found %s%s%s", r->source->name, r->place,
                   what, found ? "'" : "", found ? found : "the end of the line", found ? "'" : "");
}

static hl_status need_real(reader *r, const char *what, double *out)
{
    char word[TOKEN_BYTES], *end = NULL;
    if (!token(r, word))
        return bad(r, what, NULL);
    *out = strtod(word, &end);
    return *end ? bad(r, what, word) : HL_OK;
}

/* Unsigned; text_minus_one: "-1" is read as UINT64_MAX (an observation without a point). */
static hl_status need_whole(reader *r, const char *what, uint64_t limit, bool text_minus_one,
                            uint64_t *out)
{
    char word[TOKEN_BYTES], *end = NULL;
    if (!token(r, word))
        return bad(r, what, NULL);
    if (text_minus_one && strcmp(word, "-1") == 0) {
        *out = UINT64_MAX;
        return HL_OK;
    }
    errno = 0;
    *out = strtoull(word, &end, 10);
    if (*end || errno || word[0] == '-' || *out > limit)
        return bad(r, what, word);
    return HL_OK;
}

/* Records of the file, at most: an upper bound for the rows to take memory for. */
static size_t count_lines(const hl_colmap_source *source)
{
    reader r = {.source = source};
    size_t n = 0;
    while (next_record(&r))
        n++;
    return n;
}

static hl_status parse_camera(reader *r, hl_camera *camera)
{
    uint64_t id, width, height;
    char word[TOKEN_BYTES];
    HL_TRY(need_whole(r, "a camera id", UINT32_MAX, false, &id));
    if (!token(r, word))
        return bad(r, "a camera model", NULL);
    int model = 0;
    while (model < HL_CAMERA_MODELS &&
           strcmp(word, hl_camera_model_name((hl_camera_model)model)) != 0)
        model++;
    if (model == HL_CAMERA_MODELS)
        return hl_fail(HL_E_FORMAT, "%s: %s: camera %" PRIu64 ": model %s is not supported",
                       r->source->name, r->place, id, word);
    HL_TRY(need_whole(r, "a width", UINT64_MAX, false, &width));
    HL_TRY(need_whole(r, "a height", UINT64_MAX, false, &height));
    camera->id = (uint32_t)id;
    camera->model = (hl_camera_model)model;
    const int count = hl_camera_param_count(camera->model);
    for (int i = 0; i < count; i++)
        HL_TRY(need_real(r, "a camera parameter", &camera->params[i]));
    if (token(r, word))
        return bad(r, "the end of the line after the parameters", word);
    HL_TRY(hl_colmap_check_camera(camera, width, height, r->source->name, r->place));
    camera->width = (int32_t)width;
    camera->height = (int32_t)height;
    return HL_OK;
}

hl_status hl_colmap_parse_cameras_txt(hl_colmap_model *model, const hl_colmap_source *source)
{
    const size_t count = count_lines(source);
    if (!count || count > INT32_MAX)
        return hl_fail(HL_E_FORMAT, "%s: %zu cameras, expected at least one", source->name, count);
    hl_camera *cameras = hl_arena_alloc(&model->arena, count, sizeof *cameras);
    if (!cameras)
        return HL_E_MEMORY;
    reader r = {.source = source};
    for (size_t i = 0; next_record(&r); i++)
        HL_TRY(parse_camera(&r, &cameras[i]));
    model->cameras = cameras;
    model->camera_count = (int32_t)count;
    return HL_OK;
}

static hl_status parse_observations(reader *r, hl_colmap_model *model, hl_colmap_image *image)
{
    /* The shortest observation, "0 0 0 ", has six bytes. */
    const size_t room = (size_t)(r->end - r->at) / 6 + 1;
    hl_colmap_observation *rows = hl_arena_alloc(&model->arena, room, sizeof *rows);
    if (!rows)
        return HL_E_MEMORY;
    size_t n = 0;
    for (skip_blanks(r); r->at < r->end; skip_blanks(r), n++) {
        hl_colmap_observation o;
        HL_TRY(need_real(r, "x of an observation", &o.x));
        HL_TRY(need_real(r, "y of an observation", &o.y));
        HL_TRY(need_whole(r, "a point id or -1", UINT64_MAX, true, &o.point));
        if (n == room)
            return bad(r, "observations", "more than fit the line");
        rows[n] = o;
    }
    image->observations = rows;
    image->observation_count = (int64_t)n;
    return HL_OK;
}

static hl_status parse_image(reader *r, hl_colmap_model *model, hl_colmap_image *image)
{
    uint64_t id, camera;
    HL_TRY(need_whole(r, "an image id", UINT32_MAX, false, &id));
    for (int i = 0; i < 4; i++)
        HL_TRY(need_real(r, "a quaternion", &image->camera_from_world.q[i]));
    for (int i = 0; i < 3; i++)
        HL_TRY(need_real(r, "a translation", &image->camera_from_world.t[i]));
    HL_TRY(need_whole(r, "a camera id", UINT32_MAX, false, &camera));
    skip_blanks(r);
    const size_t bytes = (size_t)(r->end - r->at); /* names may hold blanks */
    if (memchr(r->at, 0, bytes))
        return bad(r, "a name", "a NUL byte");
    image->id = (uint32_t)id;
    image->camera_id = (uint32_t)camera;
    image->name = hl_arena_text(&model->arena, r->at, bytes);
    if (!image->name)
        return HL_E_MEMORY;
    HL_TRY(hl_colmap_check_image(image, r->source->name, r->place));
    if (!next_line(r) || !r->source->with_tracks)
        return HL_OK;
    return parse_observations(r, model, image);
}

hl_status hl_colmap_parse_images_txt(hl_colmap_model *model, const hl_colmap_source *source)
{
    const size_t bound = count_lines(source);
    if (bound > INT32_MAX)
        return hl_fail(HL_E_FORMAT, "%s: %zu lines, limit %d", source->name, bound, INT32_MAX);
    hl_colmap_image *images = hl_arena_alloc(&model->arena, bound, sizeof *images);
    if (!images)
        return HL_E_MEMORY;
    reader r = {.source = source};
    int32_t count = 0;
    while (next_record(&r))
        HL_TRY(parse_image(&r, model, &images[count++]));
    model->images = images;
    model->image_count = count;
    return HL_OK;
}

static hl_status parse_track(reader *r, hl_colmap_model *model, hl_colmap_point *point)
{
    const size_t room = (size_t)(r->end - r->at) / 4 + 1; /* "0 0 " */
    hl_colmap_sighting *rows = hl_arena_alloc(&model->arena, room, sizeof *rows);
    if (!rows)
        return HL_E_MEMORY;
    size_t n = 0;
    for (skip_blanks(r); r->at < r->end && n < room; skip_blanks(r), n++) {
        uint64_t image, observation;
        HL_TRY(need_whole(r, "an image id", UINT32_MAX, false, &image));
        HL_TRY(need_whole(r, "an observation index", UINT32_MAX, false, &observation));
        rows[n].image_id = (uint32_t)image;
        rows[n].observation = (uint32_t)observation;
    }
    point->track = rows;
    point->track_count = (int64_t)n;
    return HL_OK;
}

static hl_status parse_point(reader *r, hl_colmap_model *model, hl_colmap_point *point)
{
    HL_TRY(need_whole(r, "a point id", UINT64_MAX, false, &point->id));
    for (int i = 0; i < 3; i++)
        HL_TRY(need_real(r, "a coordinate", &point->xyz[i]));
    for (int i = 0; i < 3; i++) {
        uint64_t v;
        HL_TRY(need_whole(r, "a colour in 0..255", 255, false, &v));
        point->rgb[i] = (uint8_t)v;
    }
    HL_TRY(need_real(r, "a reprojection error", &point->error));
    HL_TRY(hl_colmap_check_point(point, r->source->name, r->place));
    return r->source->with_tracks ? parse_track(r, model, point) : HL_OK;
}

hl_status hl_colmap_parse_points_txt(hl_colmap_model *model, const hl_colmap_source *source)
{
    const size_t count = count_lines(source);
    if (count > INT32_MAX)
        return hl_fail(HL_E_FORMAT, "%s: %zu points, limit %d", source->name, count, INT32_MAX);
    hl_colmap_point *points = hl_arena_alloc(&model->arena, count, sizeof *points);
    if (!points)
        return HL_E_MEMORY;
    reader r = {.source = source};
    for (size_t i = 0; next_record(&r); i++)
        HL_TRY(parse_point(&r, model, &points[i]));
    model->points = points;
    model->point_count = (int64_t)count;
    return HL_OK;
}

/* 17 significant digits bring every double back bit for bit. */
void hl_colmap_print_cameras_txt(hl_file_writer *w, const hl_colmap_model *model)
{
    fprintf(w->stream, "# Camera list with one line of data per camera:\n"
                       "#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n");
    fprintf(w->stream, "# Number of cameras: %d\n", model->camera_count);
    for (int32_t i = 0; i < model->camera_count; i++) {
        const hl_camera *camera = &model->cameras[i];
        fprintf(w->stream, "%u %s %d %d", camera->id, hl_camera_model_name(camera->model),
                camera->width, camera->height);
        for (int k = 0; k < hl_camera_param_count(camera->model); k++)
            fprintf(w->stream, " %.17g", camera->params[k]);
        fputc('\n', w->stream);
    }
}

void hl_colmap_print_images_txt(hl_file_writer *w, const hl_colmap_model *model)
{
    fprintf(w->stream, "# Image list with two lines of data per image:\n"
                       "#   IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME\n"
                       "#   POINTS2D[] as (X, Y, POINT3D_ID)\n");
    fprintf(w->stream, "# Number of images: %d\n", model->image_count);
    for (int32_t i = 0; i < model->image_count; i++) {
        const hl_colmap_image *image = &model->images[i];
        const double *q = image->camera_from_world.q, *t = image->camera_from_world.t;
        fprintf(w->stream, "%u %.17g %.17g %.17g %.17g %.17g %.17g %.17g %u %s\n", image->id, q[0],
                q[1], q[2], q[3], t[0], t[1], t[2], image->camera_id, image->name);
        for (int64_t k = 0; k < image->observation_count; k++) {
            const hl_colmap_observation *o = &image->observations[k];
            fprintf(w->stream, "%s%.17g %.17g ", k ? " " : "", o->x, o->y);
            if (o->point == HL_COLMAP_NO_POINT)
                fputs("-1", w->stream);
            else
                fprintf(w->stream, "%" PRIu64, o->point);
        }
        fputc('\n', w->stream);
    }
}

void hl_colmap_print_points_txt(hl_file_writer *w, const hl_colmap_model *model)
{
    fprintf(w->stream,
            "# 3D point list with one line of data per point:\n"
            "#   POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[] as (IMAGE_ID, POINT2D_IDX)\n");
    fprintf(w->stream, "# Number of points: %" PRId64 "\n", model->point_count);
    for (int64_t i = 0; i < model->point_count; i++) {
        const hl_colmap_point *p = &model->points[i];
        fprintf(w->stream, "%" PRIu64 " %.17g %.17g %.17g %u %u %u %.17g", p->id, p->xyz[0],
                p->xyz[1], p->xyz[2], p->rgb[0], p->rgb[1], p->rgb[2], p->error);
        for (int64_t k = 0; k < p->track_count; k++)
            fprintf(w->stream, " %u %u", p->track[k].image_id, p->track[k].observation);
        fputc('\n', w->stream);
    }
}
