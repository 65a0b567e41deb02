/* SPDX-License-Identifier: MIT */
/* JPEG through libjpeg-turbo.  Its errors come back by longjmp; what crosses the jump lives in
 * `session`.  A picture that ends early is an error here, though the library would fill it grey.
 */

#include "core/io/image_codec.h"
#include "core/memory.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
/* After jpeglib.h: names of the warnings. */
#include <jerror.h>

enum {
    QUALITY = 95,
    SCANS_MAX = 1000,   /* a progressive file needs about ten; thousands are an attack on time */
    PER_BYTE_MAX = 2048 /* pixels a byte can stand for: progressive, one bit per block of 64    */
};

typedef struct session {
    struct jpeg_error_mgr errors; /* first: libjpeg hands it back as its own type */
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    const char *name;
    char sentence[JMSG_LENGTH_MAX];
    hl_image8 image;  /* being filled; released on failure      */
    JSAMPLE *row;     /* encoder: one row, NULL for the decoder */
    hl_status status; /* that the sentence is for */
} session;

static session *session_of(j_common_ptr info)
{
    return (session *)(void *)info->err;
}

static void on_error(j_common_ptr info)
{
    session *s = session_of(info);
    info->err->format_message(info, s->sentence);
    if (info->err->msg_code == JERR_OUT_OF_MEMORY)
        s->status = HL_E_MEMORY;
    else if (info->err->msg_code == JERR_FILE_WRITE)
        s->status = HL_E_IO;
    longjmp(s->jump, 1);
}

/* Trace messages have level >= 0; most warnings are survivable, an early end is not. */
static void on_message(j_common_ptr info, int level)
{
    const int code = info->err->msg_code;
    if (level >= 0 || (code != JWRN_JPEG_EOF && code != JWRN_HIT_MARKER))
        return;
    session *s = session_of(info);
    snprintf(s->sentence, sizeof s->sentence, "the picture ends before its last row");
    longjmp(s->jump, 1);
}

static void on_progress(j_common_ptr info)
{
    if (!info->is_decompressor)
        return;
    /* Of the type named by is_decompressor; the two share their first members. */
    const j_decompress_ptr decoder = (j_decompress_ptr)(void *)info;
    session *s = session_of(info);
    if (decoder->input_scan_number <= SCANS_MAX)
        return;
    snprintf(s->sentence, sizeof s->sentence, "more than %d scans", SCANS_MAX);
    longjmp(s->jump, 1);
}

static hl_status session_failed(session *s)
{
    hl_image8_release(&s->image);
    hl_free(s->row);
    return hl_fail(s->status, "%s: JPEG: %s", s->name, s->sentence);
}

/* Reads the header; *orientation from the first Exif block. */
static void read_header(struct jpeg_decompress_struct *decoder, const hl_picture_bytes *in,
                        int *orientation)
{
    jpeg_create_decompress(decoder);
    decoder->progress = &session_of((j_common_ptr)decoder)->progress;
    jpeg_mem_src(decoder, in->bytes, (unsigned long)in->size);
    jpeg_save_markers(decoder, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(decoder, TRUE);
    *orientation = 1;
    for (jpeg_saved_marker_ptr m = decoder->marker_list; m; m = m->next)
        if (m->data_length >= 6 && memcmp(m->data, "Exif", 4) == 0) {
            *orientation = hl_exif_orientation(m->data, m->data_length);
            break;
        }
}

static hl_status check_header(const struct jpeg_decompress_struct *decoder,
                              const hl_picture_bytes *in)
{
    if (decoder->num_components != 1 && decoder->num_components != 3)
        return hl_fail(HL_E_FORMAT, "%s: JPEG with %d channels (CMYK?); 1 and 3 are read", in->name,
                       decoder->num_components);
    return hl_picture_check(in, decoder->image_width, decoder->image_height, PER_BYTE_MAX);
}

static void session_open(session *s, const char *name)
{
    memset(s, 0, sizeof *s);
    s->name = name;
    s->status = HL_E_FORMAT;
    jpeg_std_error(&s->errors);
    s->errors.error_exit = on_error;
    s->errors.emit_message = on_message;
    s->progress.progress_monitor = on_progress;
}

hl_status hl_jpeg_probe(const hl_picture_bytes *in, hl_picture_size *size)
{
    session s;
    struct jpeg_decompress_struct decoder;
    int orientation;
    session_open(&s, in->name);
    memset(&decoder, 0, sizeof decoder);
    decoder.err = &s.errors;
    if (setjmp(s.jump)) {
        jpeg_destroy_decompress(&decoder);
        return session_failed(&s);
    }
    read_header(&decoder, in, &orientation);
    const hl_status status = check_header(&decoder, in);
    if (status == HL_OK) {
        const int32_t w = (int32_t)decoder.image_width, h = (int32_t)decoder.image_height;
        const bool swap = orientation >= 5;
        *size = (hl_picture_size){swap ? h : w, swap ? w : h, decoder.num_components == 1 ? 1 : 3,
                                  false};
    }
    jpeg_destroy_decompress(&decoder);
    return status;
}

/* Smallest of 1, 1/2, 1/4, 1/8 that keeps the longer side at `reduce` pixels or more. */
static unsigned reduction(uint32_t longer, int32_t reduce)
{
    unsigned divisor = 1;
    while (reduce > 0 && divisor < 8 &&
           (longer + 2 * divisor - 1) / (2 * divisor) >= (uint32_t)reduce)
        divisor *= 2;
    return divisor;
}

static void read_rows(struct jpeg_decompress_struct *decoder, hl_image8 *image)
{
    const size_t stride = (size_t)image->width * (size_t)image->channels;
    while (decoder->output_scanline < decoder->output_height) {
        JSAMPROW row = image->data + (size_t)decoder->output_scanline * stride;
        jpeg_read_scanlines(decoder, &row, 1);
    }
    jpeg_finish_decompress(decoder);
}

hl_status hl_jpeg_decode(const hl_picture_bytes *in, int32_t reduce, hl_image8 *image)
{
    session s;
    struct jpeg_decompress_struct decoder;
    int orientation;
    session_open(&s, in->name);
    memset(&decoder, 0, sizeof decoder);
    decoder.err = &s.errors;
    if (setjmp(s.jump)) {
        jpeg_destroy_decompress(&decoder);
        return session_failed(&s);
    }
    read_header(&decoder, in, &orientation);
    hl_status status = check_header(&decoder, in);
    if (status == HL_OK) {
        const uint32_t w = decoder.image_width, h = decoder.image_height;
        decoder.out_color_space = decoder.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
        decoder.scale_num = 1;
        decoder.scale_denom = reduction(w > h ? w : h, reduce);
        jpeg_start_decompress(&decoder);
        status = hl_image8_create(&s.image, (int32_t)decoder.output_width,
                                  (int32_t)decoder.output_height, decoder.output_components);
    }
    if (status == HL_OK)
        read_rows(&decoder, &s.image);
    jpeg_destroy_decompress(&decoder);
    if (status == HL_OK)
        status = hl_exif_apply(&s.image, orientation);
    if (status == HL_OK)
        *image = s.image;
    return status;
}

hl_status hl_jpeg_encode(const hl_image8 *image, hl_file_writer *writer)
{
    session s;
    struct jpeg_compress_struct encoder;
    session_open(&s, writer->path);
    memset(&encoder, 0, sizeof encoder);
    encoder.err = &s.errors;
    const size_t stride = (size_t)image->width * (size_t)image->channels;
    s.row = hl_alloc(stride, 1);
    if (!s.row)
        return HL_E_MEMORY;
    if (setjmp(s.jump)) {
        jpeg_destroy_compress(&encoder);
        return session_failed(&s);
    }
    jpeg_create_compress(&encoder);
    jpeg_stdio_dest(&encoder, writer->stream);
    encoder.image_width = (JDIMENSION)image->width;
    encoder.image_height = (JDIMENSION)image->height;
    encoder.input_components = image->channels;
    encoder.in_color_space = image->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&encoder);
    jpeg_set_quality(&encoder, QUALITY, TRUE);
    for (int i = 0; i < encoder.num_components; i++) /* no chroma subsampling */
        encoder.comp_info[i].h_samp_factor = encoder.comp_info[i].v_samp_factor = 1;
    jpeg_start_compress(&encoder, TRUE);
    while (encoder.next_scanline < encoder.image_height) {
        memcpy(s.row, image->data + (size_t)encoder.next_scanline * stride, stride);
        jpeg_write_scanlines(&encoder, &s.row, 1);
    }
    jpeg_finish_compress(&encoder);
    jpeg_destroy_compress(&encoder);
    hl_free(s.row);
    return HL_OK;
}
