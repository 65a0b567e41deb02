/* SPDX-License-Identifier: MIT */
/* The triangles of marching cubes, derived instead of listed.
 *
 * Walk around each face of the cube, counter-clockwise seen from outside.  Every run of negative
 * corners is cut off by a segment from the edge where the walk enters it to the edge where it
 * leaves.  The neighbouring cell walks the same face the other way round and finds the same
 * segments reversed, so the surface closes, ambiguous faces included.  Each crossed edge starts one
 * segment and ends one: the segments form loops, and each loop becomes a fan. */
#include "raster/mesh/field.h"

#include <string.h>

int hl_cube_edge_start(int edge)
{
    const int axis = edge / 4, k = edge % 4, b = (axis + 1) % 3, c = (axis + 2) % 3;
    return (k & 1) << b | (k >> 1) << c;
}

static int edge_between(int from, int to)
{
    const int axis = (from ^ to) == 1 ? 0 : (from ^ to) == 2 ? 1 : 2, low = from & to;
    return 4 * axis + (low >> (axis + 1) % 3 & 1) + 2 * (low >> (axis + 2) % 3 & 1);
}

/* Corners of face (axis, side), counter-clockwise seen from outside. */
static void face_corners(int axis, int side, int corners[4])
{
    const int b = 1 << (axis + 1) % 3, c = 1 << (axis + 2) % 3;
    const int around[4] = {0, b, b | c, c};
    for (int i = 0; i < 4; i++)
        corners[i] = around[side ? i : 3 - i] | side << axis;
}

/* next[edge]: where the segment that starts there ends; negative: bits of negative corners. */
static void link_face(int negative, const int corners[4], int next[12])
{
    for (int i = 0; i < 4; i++) {
        if (negative >> corners[i] & 1 || !(negative >> corners[(i + 1) % 4] & 1))
            continue;
        int j = i + 1; /* the run of negative corners starts here */
        while (negative >> corners[(j + 1) % 4] & 1)
            j++;
        next[edge_between(corners[i], corners[(i + 1) % 4])] =
            edge_between(corners[j % 4], corners[(j + 1) % 4]);
    }
}

void hl_cube_table_fill(hl_cube_table *table)
{
    memset(table, 0, sizeof *table);
    for (int negative = 1; negative < 255; negative++) {
        int next[12], corners[4], n = 0;
        for (int e = 0; e < 12; e++)
            next[e] = -1;
        for (int face = 0; face < 6; face++) {
            face_corners(face / 2, face % 2, corners);
            link_face(negative, corners, next);
        }
        for (int first = 0; first < 12; first++) {
            if (next[first] < 0)
                continue;
            int second = next[first];
            next[first] = -1;
            for (int third = next[second]; third != first; third = next[second]) {
                table->edges[negative][n++] = (int8_t)first;
                table->edges[negative][n++] = (int8_t)second;
                table->edges[negative][n++] = (int8_t)third;
                next[second] = -1;
                second = third;
            }
            next[second] = -1;
        }
        table->count[negative] = (int8_t)n;
    }
}
