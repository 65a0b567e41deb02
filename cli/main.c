/* SPDX-License-Identifier: MIT */
/* helio -- maps the name of a subcommand to its function. */
#include "cli/command.h"
#include "cli/commands.h"

static const hl_command commands[] = {
    {"demo", "from nothing to pictures: synth, train, render", hl_cmd_demo},
    {"run", "photos to trained splats, renders and scores", hl_cmd_run},
    {"synth", "procedural capture with ground truth", hl_cmd_synth},
    {"sfm", "photos to cameras and points, with reasons", hl_cmd_sfm},
    {"train", "posed photos to splats", hl_cmd_train},
    {"bench", "times the rasterizer on this machine", hl_cmd_bench},
    {"convert", "splats from one file format to another", hl_cmd_convert},
    {"eval", "scores held-out views against the photos", hl_cmd_eval},
    {"mesh", "the surface of a trained scene as GLB, PLY or OBJ", hl_cmd_mesh},
    {"view", "looks at splats in a window", hl_cmd_view},
    {"relight", "a scene under new light, by traced shadows and bounces", hl_cmd_relight},
    {"render", "pictures and videos of a trained scene", hl_cmd_render},
    {"poses", "how far the poses of a model are from true ones", hl_cmd_poses},
    {"info", "what a file of splats or points is", hl_cmd_info},
    {"doctor", "what works on this machine", hl_cmd_doctor},
};

int main(int argc, char **argv)
{
    return hl_commands_run(commands, (int)(sizeof commands / sizeof commands[0]), argc, argv);
}
