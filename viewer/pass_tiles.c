/* SPDX-License-Identifier: MIT */
/* Splats by tiles of pixels: pairs of tile and splat in the order of depth, sorted by tile, then
 * one group of invocations for each tile.
 *
 * How many pairs there will be is known only on the device.  Room is made for a quarter more than
 * the last frame had; a frame that needs more leaves pairs out and is drawn again with room for all
 * (hl_pass_tiles_settle), so that no frame waits in the middle. */
#include "viewer/gpu_frame.h"
#include "viewer/vk_graph.h"

enum { ROOM_LEAST = 1 << 14, PAIR_BYTES = 4, SORT_NARROW = 16, SORT_WIDE = 32, TARGETS = 7 };

static uint32_t groups_of(const hl_gpu_splats *s)
{
    return (s->count + HL_GROUP - 1) / HL_GROUP;
}

static struct hl_gpu_tiling tiling_of(const hl_gpu_frame *frame)
{
    const uint32_t across = (frame->width + HL_TILE_SIDE - 1) / HL_TILE_SIDE;
    const uint32_t down = (frame->height + HL_TILE_SIDE - 1) / HL_TILE_SIDE;
    return (struct hl_gpu_tiling){.groups = groups_of(&frame->splats),
                                  .room = frame->tiles.room,
                                  .across = across,
                                  .tiles = across * down,
                                  .hits = frame->tiles.keep_hits};
}

hl_status hl_pass_tiles_create(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    hl_gpu_tiles *t = &frame->tiles;
    const uint32_t bytes = sizeof(struct hl_gpu_tiling);
    if (t->made)
        return HL_OK;
    if (!vk->writes_any_format)
        return hl_fail(HL_E_BACKEND, "Vulkan: %s lacks shaderStorageImageWriteWithoutFormat",
                       vk->properties.deviceName);
    if (vk->properties.limits.maxPerStageDescriptorStorageImages < TARGETS)
        return hl_fail(HL_E_BACKEND, "Vulkan: %s writes less than %d images in a pass",
                       vk->properties.deviceName, TARGETS);
    HL_TRY(hl_vk_compute_pipeline(vk, &t->count, HL_SHADER_tiles_count_comp, "bbubb", bytes));
    HL_TRY(hl_vk_compute_pipeline(vk, &t->scan, HL_SHADER_tiles_scan_comp, "bb", bytes));
    HL_TRY(hl_vk_compute_pipeline(vk, &t->fill, HL_SHADER_tiles_fill_comp, "bbubbbb", bytes));
    HL_TRY(hl_vk_compute_pipeline(vk, &t->mark, HL_SHADER_tiles_ranges_comp, "bbb", bytes));
    HL_TRY(hl_vk_compute_pipeline(vk, &t->blend, HL_SHADER_tiles_comp, "bbbubi", bytes));
    HL_TRY(
        hl_vk_compute_pipeline(vk, &t->blend_lit, HL_SHADER_tiles_lit_comp, "bbbubbsiii", bytes));
    HL_TRY(hl_vk_compute_pipeline(vk, &t->blend_baked, HL_SHADER_tiles_baked_comp, "bbbubbsiiibii",
                                  bytes));
    HL_TRY(hl_vk_buffer_create(vk, &t->total, sizeof(uint32_t), HL_VK_READBACK));
    t->made = true;
    return HL_OK;
}

/* Of splats over a mesh. */
static hl_status make_near(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    hl_gpu_tiles *t = &frame->tiles;
    const uint32_t bytes = sizeof(struct hl_gpu_tiling);
    if (!frame->placed || t->blend_near_baked.pipeline)
        return HL_OK;
    hl_vk_pipeline_release(vk, &t->blend_near);
    HL_TRY(hl_vk_compute_pipeline(vk, &t->blend_near, HL_SHADER_tiles_near_comp, "bbbubbsiiisii",
                                  bytes));
    return hl_vk_compute_pipeline(vk, &t->blend_near_baked, HL_SHADER_tiles_near_baked_comp,
                                  "bbbubbsiiibiisii", bytes);
}

static void release_pairs(hl_gpu_frame *frame)
{
    hl_gpu_tiles *t = &frame->tiles;
    for (int i = 0; i < 2; i++) {
        hl_vk_buffer_release(frame->vk, &t->keys[i]);
        hl_vk_buffer_release(frame->vk, &t->values[i]);
    }
    hl_vk_buffer_release(frame->vk, &t->counts);
    hl_vk_buffer_release(frame->vk, &t->totals);
    t->room = 0;
}

void hl_pass_tiles_release(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    hl_gpu_tiles *t = &frame->tiles;
    release_pairs(frame);
    hl_vk_pipeline_release(vk, &t->count);
    hl_vk_pipeline_release(vk, &t->scan);
    hl_vk_pipeline_release(vk, &t->fill);
    hl_vk_pipeline_release(vk, &t->mark);
    hl_vk_pipeline_release(vk, &t->blend);
    hl_vk_pipeline_release(vk, &t->blend_lit);
    hl_vk_pipeline_release(vk, &t->blend_baked);
    hl_vk_pipeline_release(vk, &t->blend_near);
    hl_vk_pipeline_release(vk, &t->blend_near_baked);
    hl_vk_buffer_release(vk, &t->sums);
    hl_vk_buffer_release(vk, &t->ranges);
    hl_vk_buffer_release(vk, &t->hits);
    hl_vk_buffer_release(vk, &t->total);
}

static hl_status make_pairs(hl_gpu_frame *frame, uint32_t pairs)
{
    hl_vk *vk = frame->vk;
    hl_gpu_tiles *t = &frame->tiles;
    const uint64_t most = vk->properties.limits.maxStorageBufferRange / PAIR_BYTES;
    uint64_t room = (uint64_t)pairs + pairs / 4;
    if (pairs > most)
        return hl_fail(HL_E_BACKEND,
                       "Vulkan: %u pairs of tile and splat are more than the %llu that a storage "
                       "buffer of %s holds",
                       (unsigned)pairs, (unsigned long long)most, vk->properties.deviceName);
    room = room < ROOM_LEAST ? ROOM_LEAST : (room > most ? most : room);
    release_pairs(frame);
    for (int i = 0; i < 2; i++) {
        HL_TRY(hl_vk_buffer_create(vk, &t->keys[i], room * PAIR_BYTES, HL_VK_DEVICE));
        HL_TRY(hl_vk_buffer_create(vk, &t->values[i], room * PAIR_BYTES, HL_VK_DEVICE));
    }
    const uint64_t groups = (room + HL_RADIX_KEYS - 1) / HL_RADIX_KEYS;
    HL_TRY(hl_vk_buffer_create(vk, &t->counts, groups * HL_RADIX_BINS * 4, HL_VK_DEVICE));
    HL_TRY(hl_vk_buffer_create(vk, &t->totals, (uint64_t)HL_RADIX_BINS * 4, HL_VK_DEVICE));
    t->room = (uint32_t)room;
    return HL_OK;
}

/* Makes the buffer anew where it is smaller. */
static hl_status at_least(hl_vk *vk, hl_vk_buffer *buffer, uint64_t bytes)
{
    if (buffer->size >= bytes)
        return HL_OK;
    hl_vk_buffer_release(vk, buffer);
    return hl_vk_buffer_create(vk, buffer, bytes, HL_VK_DEVICE);
}

hl_status hl_pass_tiles_prepare(hl_gpu_frame *frame)
{
    hl_gpu_tiles *t = &frame->tiles;
    const uint64_t pixels = (uint64_t)frame->width * frame->height;
    HL_TRY(hl_pass_tiles_create(frame));
    HL_TRY(make_near(frame));
    const struct hl_gpu_tiling tiling = tiling_of(frame);
    HL_TRY(at_least(frame->vk, &t->sums, 4 * (uint64_t)tiling.groups + 4));
    HL_TRY(at_least(frame->vk, &t->ranges, 8 * (uint64_t)tiling.tiles));
    HL_TRY(at_least(frame->vk, &t->hits,
                    t->keep_hits ? pixels * sizeof(struct hl_gpu_hit) : sizeof(struct hl_gpu_hit)));
    const uint64_t guess = 4 * (uint64_t)frame->splats.count;
    const uint64_t most = frame->vk->properties.limits.maxStorageBufferRange / PAIR_BYTES;
    return t->room ? HL_OK : make_pairs(frame, (uint32_t)(guess < most ? guess : most));
}

static hl_status record_pairs(hl_gpu_frame *frame, const struct hl_gpu_tiling *tiling)
{
    hl_vk *vk = frame->vk;
    hl_gpu_tiles *t = &frame->tiles;
    hl_gpu_splats *s = &frame->splats;
    const hl_vk_touch clear[] = {{.buffer = &t->keys[0], .how = HL_VK_COPY_TO}};
    hl_vk_barriers(vk, clear, 1);
    vkCmdFillBuffer(vk->cmd, t->keys[0].buffer, 0, VK_WHOLE_SIZE, HL_KEY_CULLED);

    const hl_vk_touch count[] = {{.buffer = &s->order[0], .how = HL_VK_READ},
                                 {.buffer = &s->footprints, .how = HL_VK_READ},
                                 {.buffer = &frame->view, .how = HL_VK_READ},
                                 {.buffer = &s->draw, .how = HL_VK_READ},
                                 {.buffer = &t->sums, .how = HL_VK_WRITE}};
    hl_vk_pass_begin(vk, "tile pairs", count, 5);
    HL_TRY(hl_vk_bind(vk, &t->count,
                      (const hl_vk_binding[]){{.buffer = &s->order[0]},
                                              {.buffer = &s->footprints},
                                              {.buffer = &frame->view},
                                              {.buffer = &s->draw},
                                              {.buffer = &t->sums}},
                      tiling));
    hl_vk_dispatch(vk, tiling->groups);

    const hl_vk_touch scan[] = {{.buffer = &t->sums, .how = HL_VK_UPDATE},
                                {.buffer = &t->total, .how = HL_VK_WRITE}};
    hl_vk_barriers(vk, scan, 2);
    HL_TRY(hl_vk_bind(vk, &t->scan,
                      (const hl_vk_binding[]){{.buffer = &t->sums}, {.buffer = &t->total}},
                      tiling));
    hl_vk_dispatch(vk, 1);

    const hl_vk_touch fill[] = {{.buffer = &t->sums, .how = HL_VK_READ},
                                {.buffer = &t->keys[0], .how = HL_VK_WRITE},
                                {.buffer = &t->values[0], .how = HL_VK_WRITE}};
    hl_vk_barriers(vk, fill, 3);
    HL_TRY(hl_vk_bind(vk, &t->fill,
                      (const hl_vk_binding[]){{.buffer = &s->order[0]},
                                              {.buffer = &s->footprints},
                                              {.buffer = &frame->view},
                                              {.buffer = &s->draw},
                                              {.buffer = &t->sums},
                                              {.buffer = &t->keys[0]},
                                              {.buffer = &t->values[0]}},
                      tiling));
    hl_vk_dispatch(vk, tiling->groups);
    hl_vk_pass_end(vk);
    return HL_OK;
}

static hl_status record_ranges(hl_gpu_frame *frame, const struct hl_gpu_tiling *tiling)
{
    hl_vk *vk = frame->vk;
    hl_gpu_tiles *t = &frame->tiles;
    const hl_vk_touch touches[] = {{.buffer = &t->keys[0], .how = HL_VK_READ},
                                   {.buffer = &t->total, .how = HL_VK_READ},
                                   {.buffer = &t->ranges, .how = HL_VK_WRITE}};
    hl_vk_pass_begin(vk, "tile ranges", touches, 3);
    HL_TRY(hl_vk_bind(vk, &t->mark,
                      (const hl_vk_binding[]){
                          {.buffer = &t->keys[0]}, {.buffer = &t->total}, {.buffer = &t->ranges}},
                      tiling));
    hl_vk_dispatch(vk, ((uint64_t)tiling->room + HL_GROUP - 1) / HL_GROUP);
    hl_vk_pass_end(vk);
    return HL_OK;
}

/* Pairs in order and the range of each tile. */
static hl_status record_lists(hl_gpu_frame *frame, const struct hl_gpu_tiling *tiling)
{
    hl_vk *vk = frame->vk;
    hl_gpu_tiles *t = &frame->tiles;
    const hl_vk_touch clear[] = {{.buffer = &t->ranges, .how = HL_VK_COPY_TO}};
    hl_vk_barriers(vk, clear, 1);
    vkCmdFillBuffer(vk->cmd, t->ranges.buffer, 0, VK_WHOLE_SIZE, 0);
    if (!tiling->groups)
        return HL_OK;
    HL_TRY(record_pairs(frame, tiling));
    /* The keys of pairs that are not there must come last: all bits of a narrow key too. */
    const uint32_t bits = tiling->tiles <= 0xFFFF ? SORT_NARROW : SORT_WIDE;
    hl_pass_sort sort = frame->sort;
    sort.name = "tile sort";
    HL_TRY(hl_pass_sort_record(vk, &sort, t->keys, t->values, &t->counts, &t->totals, tiling->room,
                               bits));
    return record_ranges(frame, tiling);
}

/* Colour; or, lit, materials, and the light that was baked on the splats where there is any.  The
 * bindings are the touches, in their order. */
static hl_status record_blend(hl_gpu_frame *frame, const struct hl_gpu_tiling *tiling, bool lit)
{
    enum { OF_COLOR = 6, OF_LIT = 10, OF_BAKED = 13, OF_NEAR = 3, MOST = OF_BAKED + OF_NEAR };
    hl_vk *vk = frame->vk;
    hl_gpu_tiles *t = &frame->tiles;
    hl_gpu_splats *s = &frame->splats;
    hl_vk_buffer *const none = &t->values[0]; /* not looked at */
    const bool baked = lit && frame->baked, near = lit && frame->placed;
    int32_t count = baked ? OF_BAKED : (lit ? OF_LIT : OF_COLOR);
    hl_vk_touch touches[MOST] = {{.buffer = &t->values[0], .how = HL_VK_READ},
                                 {.buffer = &t->ranges, .how = HL_VK_READ},
                                 {.buffer = s->count ? &s->footprints : none, .how = HL_VK_READ},
                                 {.buffer = &frame->view, .how = HL_VK_READ},
                                 {.buffer = &t->hits, .how = HL_VK_WRITE},
                                 {.buffer = s->count ? &s->materials : none, .how = HL_VK_READ},
                                 {.image = &frame->depth, .how = HL_VK_READ},
                                 {.image = &frame->albedo, .how = HL_VK_WRITE, .discard = true},
                                 {.image = &frame->normal, .how = HL_VK_WRITE, .discard = true},
                                 {.image = &frame->finish, .how = HL_VK_WRITE, .discard = true},
                                 {.buffer = s->count ? &s->baked : none, .how = HL_VK_READ},
                                 {.image = &frame->sky, .how = HL_VK_WRITE, .discard = true},
                                 {.image = &frame->bounce, .how = HL_VK_WRITE, .discard = true}};
    const hl_vk_touch of_near[OF_NEAR] = {
        {.image = &frame->place, .how = HL_VK_READ},
        {.image = &frame->near_albedo, .how = HL_VK_WRITE, .discard = true},
        {.image = &frame->near_finish, .how = HL_VK_WRITE, .discard = true}};
    hl_vk_binding bindings[MOST];
    for (int32_t i = 0; near && i < OF_NEAR; i++)
        touches[count++] = of_near[i];
    if (!lit)
        touches[OF_COLOR - 1] =
            (hl_vk_touch){.image = &frame->radiance, .how = HL_VK_WRITE, .discard = true};
    for (int32_t i = 0; i < count; i++) {
        const hl_vk_touch *touch = &touches[i];
        bindings[i] = touch->buffer ? (hl_vk_binding){.buffer = touch->buffer}
                                    : (hl_vk_binding){.view = touch->image->view};
        if (touch->image && touch->how == HL_VK_READ)
            bindings[i].sampler = vk->nearest;
    }
    hl_vk_pass_begin(vk, "tiles", touches, count);
    const hl_vk_pipeline *const kinds[2][2] = {{&t->blend_lit, &t->blend_baked},
                                               {&t->blend_near, &t->blend_near_baked}};
    HL_TRY(hl_vk_bind(vk, lit ? kinds[near][baked] : &t->blend, bindings, tiling));
    hl_vk_dispatch(vk, tiling->tiles);
    hl_vk_pass_end(vk);
    return HL_OK;
}

hl_status hl_pass_tiles_record(hl_gpu_frame *frame, bool lit)
{
    const struct hl_gpu_tiling tiling = tiling_of(frame);
    HL_TRY(record_lists(frame, &tiling));
    HL_TRY(record_blend(frame, &tiling, lit));
    const hl_vk_touch host = {.buffer = &frame->tiles.total, .how = HL_VK_HOST_READ};
    if (tiling.groups)
        hl_vk_barriers(frame->vk, &host, 1);
    frame->tiles.hits_kept = frame->tiles.keep_hits;
    return HL_OK;
}

hl_status hl_pass_tiles_settle(hl_gpu_frame *frame, bool *again)
{
    hl_gpu_tiles *t = &frame->tiles;
    const uint32_t *total = t->total.mapped;
    t->pairs = frame->splats.count ? *total : 0;
    *again = t->pairs > t->room;
    /* Far too much room is sorted in vain. */
    const bool roomy = t->room > ROOM_LEAST && t->room / 2 > t->pairs;
    return *again || roomy ? make_pairs(frame, t->pairs) : HL_OK;
}

uint64_t hl_pass_tiles_bytes(const hl_gpu_frame *frame)
{
    const hl_gpu_tiles *t = &frame->tiles;
    uint64_t sum = t->counts.size + t->totals.size + t->sums.size + t->ranges.size + t->hits.size;
    for (int i = 0; i < 2; i++)
        sum += t->keys[i].size + t->values[i].size;
    return sum;
}

hl_status hl_pass_tiles_read(hl_gpu_frame *frame, struct hl_gpu_hit *out)
{
    const uint64_t pixels = (uint64_t)frame->width * frame->height;
    if (!frame->tiles.hits_kept)
        return hl_fail(HL_E_ARG, "the last picture kept no splats of its pixels");
    return hl_vk_download(frame->vk, &frame->tiles.hits, out, pixels * sizeof *out);
}
