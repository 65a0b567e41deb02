/* SPDX-License-Identifier: MIT */
#include "raster/raster.h"

#include "core/vec.h"
#include "raster/backend.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct hl_raster {
    const hl_raster_backend *backend;
    void *state;
    bool has_forward;
    const hl_splats *splats; /* of the last forward */
    int32_t count;
    uint32_t outputs;
};

enum { SIDE_MAX = 16384 };
#define ROTATION_TOLERANCE 1e-3f /* per entry of r r^T - I: rounding and then some */

hl_status hl_raster_create_on(hl_raster **out, const hl_raster_backend *backend, hl_isa isa)
{
    hl_raster *r = hl_alloc(1, sizeof *r);
    if (!r)
        return HL_E_MEMORY;
    r->backend = backend;
    const hl_status s = backend->create(&r->state, isa);
    if (s != HL_OK) {
        hl_free(r);
        return s;
    }
    *out = r;
    return HL_OK;
}

/* The best whose device is there; the CPU always is. */
static hl_status create_auto(hl_raster **out, hl_isa isa)
{
    hl_status s = HL_E_BACKEND;
    for (int32_t i = 0; s == HL_E_BACKEND && hl_raster_backend_at(i); i++)
        s = hl_raster_create_on(out, hl_raster_backend_at(i), isa);
    return s;
}

hl_status hl_raster_create(hl_raster **out, const char *backend, hl_isa isa)
{
    char names[64] = "";
    if (strcmp(backend, "auto") == 0)
        return create_auto(out, isa);
    for (int32_t i = 0; hl_raster_backend_at(i); i++) {
        const char *name = hl_raster_backend_at(i)->name;
        if (strcmp(backend, name) == 0)
            return hl_raster_create_on(out, hl_raster_backend_at(i), isa);
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", name);
    }
    return hl_fail(HL_E_BACKEND, "backend %s: not in this build, which has: %s", backend, names);
}

static const hl_raster_backend *find_backend(const char *name)
{
    for (int32_t i = 0; hl_raster_backend_at(i); i++)
        if (strcmp(name, hl_raster_backend_at(i)->name) == 0)
            return hl_raster_backend_at(i);
    return NULL;
}

bool hl_raster_has_backend(const char *backend)
{
    return find_backend(backend) != NULL;
}

hl_status hl_raster_describe(const char *backend, char *text, size_t room)
{
    const hl_raster_backend *found = find_backend(backend);
    if (!found)
        return hl_fail(HL_E_BACKEND, "backend %s: not in this build", backend);
    snprintf(text, room, "%s", found->name);
    return found->describe ? found->describe(text, room) : HL_OK;
}

hl_status hl_raster_device_memory(const char *backend, size_t *all, size_t *available)
{
    const hl_raster_backend *found = find_backend(backend);
    if (!found || !found->memory)
        return hl_fail(HL_E_BACKEND, "backend %s: no device memory of its own", backend);
    return found->memory(all, available);
}

hl_status hl_raster_copy_rate(hl_raster *raster, double *bytes_per_second)
{
    return raster->backend->copy_rate(raster->state, bytes_per_second);
}

const struct hl_trainer_device *hl_raster_trainer_device(const hl_raster *raster, void **state)
{
    *state = raster->state;
    return raster->backend->trainer;
}

void hl_raster_deterministic(hl_raster *raster, bool on)
{
    if (raster->backend->deterministic)
        raster->backend->deterministic(raster->state, on);
}

void hl_raster_destroy(hl_raster **raster)
{
    if (!*raster)
        return;
    (*raster)->backend->destroy((*raster)->state);
    hl_free(*raster);
    *raster = NULL;
}

const char *hl_raster_backend_name(const hl_raster *raster)
{
    return raster->backend->name;
}

const char *hl_raster_isa_name(const hl_raster *raster)
{
    return raster->backend->isa_name(raster->state);
}

void hl_raster_profile(hl_raster *raster, hl_spans *spans)
{
    raster->backend->profile(raster->state, spans);
}

size_t hl_raster_bytes_held(const hl_raster *raster)
{
    return raster->backend->bytes_held(raster->state);
}

int64_t hl_raster_count_pairs(hl_raster *raster)
{
    return raster->has_forward ? raster->backend->count_pairs(raster->state) : 0;
}

static hl_status check_rotation(const float r[9])
{
    float back[9], product[9]; /* r r^T */
    for (int i = 0; i < 9; i++)
        back[i] = r[i % 3 * 3 + i / 3];
    hl_matmul3(r, back, product);
    for (int i = 0; i < 9; i++)
        if (!(fabsf(product[i] - (i % 4 == 0 ? 1 : 0)) < ROTATION_TOLERANCE))
            return hl_fail(HL_E_ARG, "raster: the camera's rotation matrix is not orthonormal");
    return HL_OK;
}

static hl_status check_view(const hl_raster_view *v)
{
    if (v->width < 1 || v->height < 1 || v->width > SIDE_MAX || v->height > SIDE_MAX)
        return hl_fail(HL_E_ARG, "raster: picture of %dx%d pixels, expected 1..%d a side", v->width,
                       v->height, SIDE_MAX);
    if (!(v->fx > 0 && v->fy > 0 && isfinite(v->fx) && isfinite(v->fy) && isfinite(v->cx) &&
          isfinite(v->cy)))
        return hl_fail(HL_E_ARG, "raster: focal length %g, %g or centre %g, %g is not usable",
                       (double)v->fx, (double)v->fy, (double)v->cx, (double)v->cy);
    for (int i = 0; i < 12; i++)
        if (!isfinite(i < 9 ? v->r[i] : v->t[i - 9]))
            return hl_fail(HL_E_ARG, "raster: the camera pose is not finite");
    return check_rotation(v->r);
}

hl_status hl_raster_forward(hl_raster *raster, const hl_splats *splats, const hl_raster_view *view,
                            const hl_raster_options *options, hl_raster_frame *frame)
{
    HL_TRY(check_view(view));
    if (options->sh_degree < 0 || options->sh_degree > HL_SH_DEGREE_MAX)
        return hl_fail(HL_E_ARG, "raster: SH degree %d is not in 0..%d", options->sh_degree,
                       HL_SH_DEGREE_MAX);
    if (options->feature_count < 0 || options->feature_count > HL_FEATURES_MAX)
        return hl_fail(HL_E_ARG, "raster: %d feature channels, limit %d", options->feature_count,
                       HL_FEATURES_MAX);
    if (options->feature_count && !options->features)
        return hl_fail(HL_E_ARG, "raster: %d feature channels without values",
                       options->feature_count);
    if (splats->count < 0 || splats->count > splats->capacity)
        return hl_fail(HL_E_ARG, "raster: %d splats in arrays of %d", splats->count,
                       splats->capacity);
    raster->has_forward = false;
    HL_TRY(raster->backend->forward(raster->state, splats, view, options, frame));
    raster->has_forward = true;
    raster->splats = splats;
    raster->count = splats->count;
    raster->outputs = options->outputs;
    return HL_OK;
}

hl_status hl_raster_backward(hl_raster *raster, hl_splats *splats,
                             const hl_raster_frame_grad *frame_grad, hl_raster_sink *sink)
{
    if (!raster->has_forward || raster->splats != splats || raster->count != splats->count)
        return hl_fail(HL_E_ARG, "raster: backward without a forward of the same splats");
    if ((frame_grad->median_depth && !(raster->outputs & HL_RASTER_MEDIAN)) ||
        (frame_grad->max_weight && !(raster->outputs & HL_RASTER_MAX_WEIGHT)))
        return hl_fail(HL_E_ARG, "raster: gradient of an output that forward was not asked for");
    if (sink->grad && sink->grad->capacity < splats->count)
        return hl_fail(HL_E_ARG, "raster: room for %d gradients, %d splats", sink->grad->capacity,
                       splats->count);
    if (sink->adam && sink->adam->m.capacity < splats->count)
        return hl_fail(HL_E_ARG, "raster: Adam state for %d splats, have %d",
                       sink->adam->m.capacity, splats->count);
    if (sink->adam)
        raster->has_forward = false; /* the parameters move: no second replay */
    return raster->backend->backward(raster->state, splats, frame_grad, sink);
}

hl_status hl_raster_view_from_camera(hl_raster_view *view, const hl_camera *camera,
                                     const hl_pose *camera_from_world)
{
    const double *p = camera->params;
    hl_raster_view v = {.width = camera->width, .height = camera->height};
    if (camera->model == HL_CAMERA_SIMPLE_PINHOLE) {
        v.fx = v.fy = (float)p[0];
        v.cx = (float)p[1];
        v.cy = (float)p[2];
    } else if (camera->model == HL_CAMERA_PINHOLE) {
        v.fx = (float)p[0];
        v.fy = (float)p[1];
        v.cx = (float)p[2];
        v.cy = (float)p[3];
    } else {
        return hl_fail(HL_E_ARG, "camera %u: model %d has distortion; undistort it first",
                       camera->id, (int)camera->model);
    }
    /* in double, so that the rotation is orthogonal to the last bit of a float */
    const double w = camera_from_world->q[0], x = camera_from_world->q[1],
                 y = camera_from_world->q[2], z = camera_from_world->q[3];
    const double r[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
                         2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                         2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
    for (int i = 0; i < 9; i++)
        v.r[i] = (float)r[i];
    for (int i = 0; i < 3; i++)
        v.t[i] = (float)camera_from_world->t[i];
    *view = v;
    return HL_OK;
}
