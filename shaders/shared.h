/* SPDX-License-Identifier: MIT */
/* shaders/shared.h -- layouts and constants that C and GLSL share, all in scalar layout.
 *
 * Only layouts live here.  The formulas of the HD headers have short GLSL twins (*.glsl), which
 * the tests hold against them on random data.
 */
#ifndef HL_SHADERS_SHARED_H
#define HL_SHADERS_SHARED_H

#ifdef __STDC_VERSION__
#include <stdint.h>
typedef uint32_t hl_uint;
#define HL_VEC(n, name)  float name[n]
#define HL_UVEC(n, name) hl_uint name[n]
#else
#define hl_uint          uint
#define HL_VEC(n, name)  vec##n name
#define HL_UVEC(n, name) uvec##n name
#endif

#define HL_GROUP       256  /* invocations of a one-dimensional compute group     */
#define HL_GROUP_SIDE  8    /* of a two-dimensional one: 64 invocations           */
#define HL_RADIX_KEYS  4096 /* keys of one group of the sort: 16 each             */
#define HL_RADIX_BINS  256  /* 8 bits a pass                                      */
#define HL_RADIX_FEW   64   /* groups: up to here one group scans all digits      */
#define HL_GPU_NEAR    0.01 /* HL_NEAR of raster/constants.h */
#define HL_KEY_CULLED  0xFFFFFFFFu
#define HL_SCALE_LOW   -20.0 /* log_scale is stored in 16 bits from here ...      */
#define HL_SCALE_RANGE 32.0  /* ... over this range: steps of 0.0005              */

/* One stored splat without its colour: 28 bytes.  `scale`: log_scale x, y and z, opacity as
 * 16-bit fractions; `quat`: w, x, y, z as signed 16-bit fractions. */
struct hl_gpu_splat {
    HL_VEC(3, mean);
    HL_UVEC(2, scale);
    HL_UVEC(2, quat);
};

/* One splat in the picture: 32 bytes.  rg, ba: colour and opacity as halves. */
struct hl_gpu_footprint {
    HL_VEC(2, mu); /* pixels */
    float depth;
    HL_VEC(3, conic);
    hl_uint rg;
    hl_uint ba;
};

#define HL_BAKED_MESH   1u
#define HL_BAKED_SPLATS 2u
#define HL_BAKED_PLACES 4u /* the mesh under the splats */

/* What a frame's passes know of the camera; the projector of raster/project.h. */
struct hl_gpu_view {
    HL_VEC(3, row0); /* camera_from_world: rotation by rows, then translation */
    HL_VEC(3, row1);
    HL_VEC(3, row2);
    HL_VEC(3, move);
    HL_VEC(3, eye);      /* world frame             */
    HL_VEC(4, lens);     /* fx, fy, cx, cy, pixels  */
    HL_VEC(4, clamp_uv); /* u_min, u_max, v_min, v_max of the Jacobian's ray */
    float dilation;      /* px^2 */
    float splat_scale;   /* of every standard deviation */
    hl_uint antialiased;
    hl_uint width;
    hl_uint height;
    hl_uint degree;        /* bands of the colour, at most those stored */
    HL_VEC(4, background); /* sRGB */
    hl_uint baked;         /* HL_BAKED_...: what has baked light */
    float reach;           /* splats count so near the mesh under them; 0: they are alone */
    float lift;            /* shadows are looked for so far off that mesh                 */
    hl_uint solid;         /* another mesh is seen among the splats                       */
};

#define HL_LAMPS     16 /* lamps of a scene                          */
#define HL_SHADOWS   96 /* shadow maps at most: six for each lamp    */
#define HL_NO_SHADOW 0xFFFFFFFFu

/* hl_light of relight/lights.h: 64 bytes. */
struct hl_gpu_lamp {
    HL_VEC(3, at);
    HL_VEC(3, edge_u);
    HL_VEC(3, edge_v);
    HL_VEC(3, color);
    float radius;
    hl_uint kind;
    hl_uint shadow; /* its first map, or HL_NO_SHADOW                     */
    hl_uint unused;
};

/* One square of the shadow atlas and the view in it: of a sun, or one face of a cube around a
 * point.  Depth is 1 at `first` and falls to 0 at first + range; of a point it is first / z. */
struct hl_gpu_shadow {
    HL_VEC(3, row0); /* light_from_world, z along the light */
    HL_VEC(3, row1);
    HL_VEC(3, row2);
    HL_VEC(3, move);
    HL_VEC(2, corner); /* of the square, texels                                */
    float side;        /* texels                                               */
    float scale;       /* texels for a unit of x (sun), or of x / z (point)    */
    float first;
    float range;     /* 0: a point                                            */
    float thickness; /* of what casts the shadow: surfaces are lifted by it   */
};

/* The light and how it is shown. */
struct hl_gpu_light {
    HL_VEC(3, env0); /* env_from_world by rows */
    HL_VEC(3, env1);
    HL_VEC(3, env2);
#ifdef __STDC_VERSION__
    float sh[9][3]; /* irradiance over pi, world axes: hl_environment_irradiance_sh */
#else
    vec3 sh[9];
#endif
#ifdef __STDC_VERSION__
    struct hl_gpu_lamp lamps[HL_LAMPS];
#else
    hl_gpu_lamp lamps[HL_LAMPS];
#endif
    hl_uint lamp_count;
    float exposure;  /* factor                                      */
    float distance;  /* of depth that is shown half bright          */
    hl_uint tone;    /* hl_tone                                     */
    hl_uint show;    /* hl_show                                     */
    hl_uint sky;     /* the environment is seen behind the scene    */
    hl_uint numbers; /* also written as they are, for files         */
    float intensity; /* of the environment, factor                  */
};

#define HL_TILE_SIDE 16          /* pixels: HL_TILE of raster/constants.h  */
#define HL_NO_SPLAT  0xFFFFFFFFu /* of a pixel where nothing is            */

/* What the passes of the tiles know: push constants. */
struct hl_gpu_tiling {
    hl_uint groups; /* of HL_GROUP splats                    */
    hl_uint room;   /* pairs of tile and splat that there is room for */
    hl_uint across; /* tiles of a row                        */
    hl_uint tiles;
    hl_uint hits; /* keep them */
};

/* What is seen in one pixel. */
struct hl_gpu_hit {
    hl_uint splat; /* with the greatest weight, or HL_NO_SPLAT                       */
    float median;  /* depth where half of the light is gone, 0 where that never is so */
};

#define HL_ENV_WIDTH  128 /* of a prefiltered layer                              */
#define HL_ENV_HEIGHT 64
#define HL_ENV_LAYERS 6  /* layer i: roughness i / 5; of layer 0 the map itself */
#define HL_LUT_SIDE   64 /* of the table of the split sum                       */

#ifdef __STDC_VERSION__
_Static_assert(sizeof(struct hl_gpu_light) == 1200, "hl_gpu_light too");
_Static_assert(sizeof(struct hl_gpu_splat) == 28, "hl_gpu_splat is laid out as GLSL scalar");
_Static_assert(sizeof(struct hl_gpu_footprint) == 32, "so is hl_gpu_footprint");
_Static_assert(sizeof(struct hl_gpu_lamp) == 64, "and hl_gpu_lamp");
_Static_assert(sizeof(struct hl_gpu_shadow) == 76, "and hl_gpu_shadow");
_Static_assert(sizeof(struct hl_gpu_hit) == 8, "and hl_gpu_hit");
_Static_assert(sizeof(struct hl_gpu_view) == 148, "and hl_gpu_view");
#endif

#endif /* HL_SHADERS_SHARED_H */
