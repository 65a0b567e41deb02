/* SPDX-License-Identifier: MIT */
/* cli/commands.h -- every subcommand: takes the words after its name, returns an hl_exit. */
#ifndef HL_CLI_COMMANDS_H
#define HL_CLI_COMMANDS_H

int hl_cmd_bench(int argc, char **argv);
int hl_cmd_convert(int argc, char **argv);
int hl_cmd_demo(int argc, char **argv);
int hl_cmd_doctor(int argc, char **argv);
int hl_cmd_eval(int argc, char **argv);
int hl_cmd_info(int argc, char **argv);
int hl_cmd_mesh(int argc, char **argv);
int hl_cmd_poses(int argc, char **argv);
int hl_cmd_relight(int argc, char **argv);
int hl_cmd_relight_fit(int argc, char **argv); /* relight --fit */
int hl_cmd_render(int argc, char **argv);
int hl_cmd_run(int argc, char **argv);
int hl_cmd_sfm(int argc, char **argv);
int hl_cmd_synth(int argc, char **argv);
int hl_cmd_train(int argc, char **argv);
int hl_cmd_view(int argc, char **argv);

#endif /* HL_CLI_COMMANDS_H */
