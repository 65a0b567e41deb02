/* SPDX-License-Identifier: MIT */
/* A device of plain C: the text of the kernels, one item after the other.  Device memory is heap
 * memory, so that sanitizers see every access that a kernel makes out of bounds. */
#include "core/memory.h"
#include "core/timer.h"
#include "raster/cuda/gpu.h"
#include "raster/cuda/gpu_kernels.h"

#include <string.h>

enum {
    EMULATED_RADIX_BITS = 8,
    EMULATED_RADIX = 1 << EMULATED_RADIX_BITS,
    OPS_MAX = 64,
    STAGED_MAX = 16
};

static size_t memory_limit;
static bool reversed;

typedef enum op_kind {
    OP_LAUNCH,
    OP_FILL,
    OP_COPY,
    OP_SCAN,
    OP_SCAN_WIDE,
    OP_SORT,
    OP_SORT_WIDE
} op_kind;

/* What a capture keeps of a call. */
typedef struct op {
    op_kind kind;
    hl_gpu_kernel kernel;
    hl_gpu_work work;
    int64_t count;
    int byte, bits;
    size_t bytes;
    void *to;
    const void *from;
    void *keys[2], *values[2], *scratch;
    size_t scratch_bytes;
} op;

typedef struct op_list {
    int32_t count;
    op ops[OPS_MAX];
} op_list;

/* A copy that waits in the second stream until somebody needs it; event -1: none. */
typedef struct staged {
    void *to;
    const void *from;
    size_t bytes;
    int32_t event;
} staged;

typedef struct emulated {
    op_list *capture; /* being recorded, or NULL */
    staged staged[STAGED_MAX];
    int32_t staged_count;
    double marks[HL_GPU_MARKS];
    size_t used;
} emulated;

/* In front of every block, so that release knows its size. */
typedef struct block_head {
    size_t bytes;
    char pad[HL_ALIGN - sizeof(size_t)];
} block_head;

void hl_gpu_emulated_limit(size_t bytes)
{
    memory_limit = bytes;
}

void hl_gpu_emulated_reverse(bool on)
{
    reversed = on;
    hl_lane_flip = on ? HL_BLOCK_LANES - 1 : 0;
}

static hl_status open_device(void **ctx)
{
    *ctx = hl_alloc(1, sizeof(emulated));
    return *ctx ? HL_OK : HL_E_MEMORY;
}

static void close_device(void *ctx)
{
    hl_free(((emulated *)ctx)->capture);
    hl_free(ctx);
}

static hl_status info(void *ctx, hl_gpu_info *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->name, "emulated device", 16);
    out->memory = memory_limit ? memory_limit : (size_t)1 << 40;
    out->memory_free = out->memory - ((const emulated *)ctx)->used;
    return HL_OK;
}

/* The second stream moves on until `event` has happened, -1: to its end. */
static void drain(emulated *e, int32_t event)
{
    int32_t k = 0;
    for (bool found = false; k < e->staged_count && !found; k++) {
        const staged *s = &e->staged[k];
        if (s->bytes)
            memcpy(s->to, s->from, s->bytes);
        found = event >= 0 && s->event == event;
    }
    memmove(e->staged, e->staged + k, (size_t)(e->staged_count - k) * sizeof *e->staged);
    e->staged_count -= k;
}

static bool happened(void *ctx, int32_t event)
{
    const emulated *e = ctx;
    for (int32_t k = 0; k < e->staged_count; k++)
        if (e->staged[k].event == event)
            return false;
    return true;
}

static hl_status await_event(void *ctx, int32_t event)
{
    if (!happened(ctx, event))
        drain(ctx, event);
    return HL_OK;
}

static hl_status put_staged(emulated *e, const staged *s)
{
    if (e->staged_count == STAGED_MAX)
        drain(e, -1);
    e->staged[e->staged_count++] = *s;
    return HL_OK;
}

static hl_status stage(void *ctx, void *to, const void *from, size_t bytes)
{
    const staged s = {to, from, bytes, -1};
    return put_staged(ctx, &s);
}

/* Work of the main stream is done when it is asked for. */
static hl_status signal_event(void *ctx, int32_t event, hl_gpu_stream stream)
{
    const staged s = {.event = event};
    return stream == HL_GPU_COPIES ? put_staged(ctx, &s) : HL_OK;
}

static hl_status follow_event(void *ctx, int32_t event, hl_gpu_stream stream)
{
    return stream == HL_GPU_MAIN ? await_event(ctx, event) : HL_OK;
}

static hl_status alloc(void *ctx, void **at, size_t bytes, bool pinned)
{
    emulated *e = ctx;
    if (!pinned && memory_limit && e->used + bytes > memory_limit)
        return hl_fail(HL_E_MEMORY, "emulated device: out of memory");
    block_head *head = hl_alloc(1, sizeof *head + bytes);
    if (!head)
        return HL_E_MEMORY;
    head->bytes = pinned ? 0 : bytes;
    e->used += head->bytes;
    *at = head + 1;
    return HL_OK;
}

static void release(void *ctx, void *at, bool pinned)
{
    (void)pinned;
    block_head *head = (block_head *)at - 1;
    ((emulated *)ctx)->used -= head->bytes;
    hl_free(head);
}

static hl_status upload(void *ctx, void *to, const void *from, size_t bytes)
{
    (void)ctx;
    memcpy(to, from, bytes);
    return HL_OK;
}

/* In a capture: keeps the call for later and says so. */
static bool recorded(emulated *e, const op *o)
{
    if (!e->capture)
        return false;
    if (e->capture->count < OPS_MAX)
        e->capture->ops[e->capture->count++] = *o;
    return true;
}

/* Shared memory starts as NaN for every item: a GPU does not clear it either. */
static void run_kernel(hl_gpu_kernel kernel, const hl_gpu_work *w, int64_t items)
{
    const int64_t last = reversed ? items - 1 : 0, sign = reversed ? -1 : 1;
    switch (kernel) {
#define X(name)                                  \
    case HL_GPU_K_##name:                        \
        for (int64_t i = 0; i < items; i++)      \
            hl_gpu_k_##name(w, last + sign * i); \
        return;
        HL_GPU_THREAD_KERNELS(X)
#undef X
#define X(name, shared_type)                              \
    case HL_GPU_K_##name: {                               \
        shared_type shared;                               \
        for (int64_t i = 0; i < items; i++) {             \
            memset(&shared, 0xff, sizeof shared);         \
            hl_gpu_k_##name(w, last + sign * i, &shared); \
        }                                                 \
        return;                                           \
    }
        HL_GPU_WARP_KERNELS(X)
        HL_GPU_BLOCK_KERNELS(X)
#undef X
    default:
        return;
    }
}

static void run_scan(const uint32_t *values, uint32_t *sums, int64_t count)
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < count; i++) {
        const uint32_t value = values[i];
        sums[i] = (uint32_t)sum;
        sum += value;
        sum = sum > UINT32_MAX ? UINT32_MAX : sum;
    }
}

static void run_scan_wide(const uint64_t *values, uint64_t *sums, int64_t count)
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < count; i++) {
        const uint64_t value = values[i];
        sums[i] = sum;
        sum += value;
    }
}

static uint64_t key_at(const void *keys, int64_t i, bool wide)
{
    return wide ? ((const uint64_t *)keys)[i] : ((const uint32_t *)keys)[i];
}

static void sort_pass(const op *o, int from, int shift, bool wide)
{
    int64_t first[EMULATED_RADIX + 1] = {0};
    const uint32_t *value = o->values[from];
    uint32_t *value_out = o->values[!from];
    const uint64_t kept =
        o->bits - shift >= 64 ? UINT64_MAX : ((uint64_t)1 << (o->bits - shift)) - 1;
    for (int64_t i = 0; i < o->count; i++)
        first[((key_at(o->keys[from], i, wide) >> shift & kept) % EMULATED_RADIX) + 1]++;
    for (int b = 0; b < EMULATED_RADIX; b++)
        first[b + 1] += first[b];
    for (int64_t i = 0; i < o->count; i++) {
        const uint64_t key = key_at(o->keys[from], i, wide);
        const int64_t to = first[(key >> shift & kept) % EMULATED_RADIX]++;
        if (wide)
            ((uint64_t *)o->keys[!from])[to] = key;
        else
            ((uint32_t *)o->keys[!from])[to] = (uint32_t)key;
        value_out[to] = value[i];
    }
}

static void run_sort(const op *o, bool wide)
{
    const size_t size = wide ? sizeof(uint64_t) : sizeof(uint32_t);
    int from = 0;
    for (int shift = 0; shift < o->bits; shift += EMULATED_RADIX_BITS, from = !from)
        sort_pass(o, from, shift, wide);
    if (from == 0) {
        memcpy(o->keys[1], o->keys[0], (size_t)o->count * size);
        memcpy(o->values[1], o->values[0], (size_t)o->count * sizeof(uint32_t));
    }
}

static void run(const op *o)
{
    switch (o->kind) {
    case OP_LAUNCH:
        run_kernel(o->kernel, &o->work, o->count);
        return;
    case OP_FILL:
        memset(o->to, o->byte, o->bytes);
        return;
    case OP_COPY:
        memmove(o->to, o->from, o->bytes);
        return;
    case OP_SCAN:
        run_scan(o->from, o->to, o->count);
        return;
    case OP_SCAN_WIDE:
        run_scan_wide(o->from, o->to, o->count);
        return;
    case OP_SORT:
    case OP_SORT_WIDE:
        run_sort(o, o->kind == OP_SORT_WIDE);
        return;
    }
}

static hl_status submit(void *ctx, const op *o)
{
    if (!recorded(ctx, o))
        run(o);
    return HL_OK;
}

static hl_status download(void *ctx, void *to, const void *from, size_t bytes)
{
    const op o = {.kind = OP_COPY, .to = to, .from = from, .bytes = bytes};
    return submit(ctx, &o);
}

static hl_status copy(void *ctx, void *to, const void *from, size_t bytes)
{
    return download(ctx, to, from, bytes);
}

static hl_status fill(void *ctx, void *to, int byte, size_t bytes)
{
    const op o = {.kind = OP_FILL, .to = to, .byte = byte, .bytes = bytes};
    return submit(ctx, &o);
}

static hl_status launch(void *ctx, hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items)
{
    const op o = {.kind = OP_LAUNCH, .kernel = kernel, .work = *work, .count = items};
    return submit(ctx, &o);
}

static hl_status set_step(void *ctx, hl_gpu_step *device, const hl_gpu_step *step)
{
    (void)ctx;
    *device = *step;
    return HL_OK;
}

static hl_status check_scratch(int64_t count, size_t bytes)
{
    return bytes >= (size_t)count ? HL_OK
                                  : hl_fail(HL_E_BACKEND,
                                            "emulated device: %zu bytes of scratch for "
                                            "%lld items",
                                            bytes, (long long)count);
}

static hl_status scan(void *ctx, const uint32_t *values, uint32_t *sums, int64_t count,
                      void *scratch, size_t scratch_bytes)
{
    const op o = {.kind = OP_SCAN, .from = values, .to = sums, .count = count, .scratch = scratch};
    HL_TRY(check_scratch(count, scratch_bytes));
    return submit(ctx, &o);
}

static hl_status scan_wide(void *ctx, const uint64_t *values, uint64_t *sums, int64_t count,
                           void *scratch, size_t scratch_bytes)
{
    const op o = {
        .kind = OP_SCAN_WIDE, .from = values, .to = sums, .count = count, .scratch = scratch};
    HL_TRY(check_scratch(count, scratch_bytes));
    return submit(ctx, &o);
}

static hl_status sort(void *ctx, uint32_t *const keys[2], uint32_t *const values[2], int64_t count,
                      int bits, void *scratch, size_t scratch_bytes)
{
    const op o = {.kind = OP_SORT,
                  .keys = {keys[0], keys[1]},
                  .values = {values[0], values[1]},
                  .count = count,
                  .bits = bits,
                  .scratch = scratch};
    HL_TRY(check_scratch(count, scratch_bytes));
    return submit(ctx, &o);
}

static hl_status sort_wide(void *ctx, uint64_t *const keys[2], uint32_t *const values[2],
                           int64_t count, int bits, void *scratch, size_t scratch_bytes)
{
    const op o = {.kind = OP_SORT_WIDE,
                  .keys = {keys[0], keys[1]},
                  .values = {values[0], values[1]},
                  .count = count,
                  .bits = bits,
                  .scratch = scratch};
    HL_TRY(check_scratch(count, scratch_bytes));
    return submit(ctx, &o);
}

static size_t scratch_bytes(void *ctx, int64_t count)
{
    (void)ctx;
    return (size_t)count;
}

static hl_status wait_device(void *ctx)
{
    (void)ctx;
    return HL_OK;
}

static hl_status capture_begin(void *ctx)
{
    emulated *e = ctx;
    e->capture = hl_alloc(1, sizeof *e->capture);
    return e->capture ? HL_OK : HL_E_MEMORY;
}

static hl_status capture_end(void *ctx, void **graph)
{
    emulated *e = ctx;
    op_list *list = e->capture;
    e->capture = NULL;
    if (list->count == OPS_MAX) {
        hl_free(list);
        return hl_fail(HL_E_BACKEND, "emulated device: a graph of more than %d calls",
                       (int)OPS_MAX);
    }
    *graph = list;
    return HL_OK;
}

static hl_status graph_launch(void *ctx, void *graph)
{
    (void)ctx;
    const op_list *list = graph;
    for (int32_t i = 0; i < list->count; i++)
        run(&list->ops[i]);
    return HL_OK;
}

static void graph_destroy(void *ctx, void *graph)
{
    (void)ctx;
    hl_free(graph);
}

static hl_status mark(void *ctx, int32_t slot)
{
    ((emulated *)ctx)->marks[slot] = hl_wall_seconds();
    return HL_OK;
}

static double seconds(void *ctx, int32_t from, int32_t to)
{
    const emulated *e = ctx;
    return e->marks[to] - e->marks[from];
}

static const hl_gpu_table emulated_table = {
    "emulated",   open_device,   close_device, info,         alloc,         release,
    upload,       stage,         download,     fill,         copy,          launch,
    set_step,     scan,          scan_wide,    sort,         sort_wide,     scratch_bytes,
    wait_device,  capture_begin, capture_end,  graph_launch, graph_destroy, signal_event,
    follow_event, happened,      await_event,  mark,         seconds};

const hl_gpu_table *hl_gpu_table_emulated(void)
{
    return &emulated_table;
}
