/* SPDX-License-Identifier: MIT */
/* sfm/geom/turn.h -- core's rotations in double, for the refinements of this folder. */
#ifndef HL_SFM_GEOM_TURN_H
#define HL_SFM_GEOM_TURN_H

#ifndef HL_REAL
#define HL_REAL double
#endif
#include "core/se3.h"

/* r <- exp(phi) r */
HL_HD void hl_turn_by(double r[9], const double phi[3])
{
    double turn[9], out[9];
    hl_so3_exp(phi, turn);
    hl_matmul3(turn, r, out);
    for (int i = 0; i < 9; i++)
        r[i] = out[i];
}

#endif /* HL_SFM_GEOM_TURN_H */
