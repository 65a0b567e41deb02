/* SPDX-License-Identifier: MIT */
/* The one C++ file: Dear ImGui behind viewer/ui.h.  No exceptions, no run-time types. */
#include "viewer/ui.h"

#include <imgui.h>

#include <stdio.h>
#include <string.h>

static_assert(sizeof(ImDrawVert) == sizeof(hl_ui_vertex), "vertices are passed on as they are");

/* All draw lists of a frame as one. */
static ImVector<hl_ui_vertex> vertices;
static ImVector<uint32_t> indices;
static ImVector<hl_ui_command> commands;

extern "C" bool hl_ui_create(float scale)
{
    if (!ImGui::CreateContext())
        return false;
    ImGuiIO &io = ImGui::GetIO();
    io.IniFilename = nullptr; /* writes no file */
    io.LogFilename = nullptr;
    io.BackendFlags |= ImGuiBackendFlags_RendererHasVtxOffset;
    ImFontConfig font;
    font.SizePixels = 13.0f * scale;
    io.Fonts->AddFontDefault(&font);
    ImGui::StyleColorsDark();
    ImGui::GetStyle().ScaleAllSizes(scale);
    ImGui::GetStyle().WindowRounding = 4;
    ImGui::GetStyle().FrameRounding = 3;
    ImGui::GetStyle().Colors[ImGuiCol_WindowBg].w = 0.85f;
    int width, height;
    unsigned char *pixels;
    io.Fonts->GetTexDataAsAlpha8(&pixels, &width, &height);
    return pixels != nullptr;
}

extern "C" void hl_ui_destroy(void)
{
    if (ImGui::GetCurrentContext())
        ImGui::DestroyContext();
    vertices.clear();
    indices.clear();
    commands.clear();
}

extern "C" const uint8_t *hl_ui_font(int32_t *width, int32_t *height)
{
    int w, h;
    unsigned char *pixels;
    ImGui::GetIO().Fonts->GetTexDataAsAlpha8(&pixels, &w, &h);
    *width = w;
    *height = h;
    return pixels;
}

extern "C" void hl_ui_begin(const hl_ui_input *input)
{
    ImGuiIO &io = ImGui::GetIO();
    io.DisplaySize = ImVec2(input->width, input->height);
    io.DeltaTime = input->seconds > 0 ? input->seconds : 1.0f / 60;
    io.MousePos = ImVec2(input->x, input->y);
    io.MouseWheel = input->wheel;
    for (int i = 0; i < 3; i++)
        io.MouseDown[i] = input->button[i];
    ImGui::NewFrame();
}

static void append(const ImDrawList *list)
{
    const uint32_t first_vertex = (uint32_t)vertices.Size, first_index = (uint32_t)indices.Size;
    vertices.resize(vertices.Size + list->VtxBuffer.Size);
    memcpy((void *)(vertices.Data + first_vertex), list->VtxBuffer.Data,
           (size_t)list->VtxBuffer.Size * sizeof(hl_ui_vertex));
    indices.resize(indices.Size + list->IdxBuffer.Size);
    for (int i = 0; i < list->CmdBuffer.Size; i++) {
        const ImDrawCmd &c = list->CmdBuffer[i];
        for (unsigned k = 0; k < c.ElemCount; k++)
            indices[(int)(first_index + c.IdxOffset + k)] =
                first_vertex + c.VtxOffset + list->IdxBuffer[(int)(c.IdxOffset + k)];
        const hl_ui_command out = {{c.ClipRect.x, c.ClipRect.y, c.ClipRect.z, c.ClipRect.w},
                                   first_index + c.IdxOffset,
                                   c.ElemCount};
        if (c.ElemCount && !c.UserCallback)
            commands.push_back(out);
    }
}

extern "C" void hl_ui_end(hl_ui_lists *out)
{
    ImGui::Render();
    const ImDrawData *data = ImGui::GetDrawData();
    vertices.resize(0);
    indices.resize(0);
    commands.resize(0);
    for (int i = 0; i < data->CmdListsCount; i++)
        append(data->CmdLists[i]);
    out->vertices = vertices.Data;
    out->indices = indices.Data;
    out->commands = commands.Data;
    out->vertex_count = (uint32_t)vertices.Size;
    out->index_count = (uint32_t)indices.Size;
    out->command_count = (uint32_t)commands.Size;
}

extern "C" bool hl_ui_wants_mouse(void)
{
    return ImGui::GetIO().WantCaptureMouse;
}

extern "C" void hl_ui_panel(const char *title, float x, float y, float width)
{
    ImGui::SetNextWindowPos(ImVec2(x, y), ImGuiCond_FirstUseEver);
    ImGui::SetNextWindowSize(ImVec2(width, 0), ImGuiCond_FirstUseEver);
    ImGui::Begin(title, nullptr, ImGuiWindowFlags_AlwaysAutoResize);
}

extern "C" void hl_ui_panel_end(void)
{
    ImGui::End();
}

extern "C" bool hl_ui_section(const char *title, bool open)
{
    return ImGui::CollapsingHeader(title, open ? ImGuiTreeNodeFlags_DefaultOpen : 0);
}

extern "C" void hl_ui_text(const char *text)
{
    ImGui::TextUnformatted(text);
}

extern "C" bool hl_ui_button(const char *label)
{
    return ImGui::Button(label);
}

extern "C" void hl_ui_same_line(void)
{
    ImGui::SameLine();
}

extern "C" bool hl_ui_check(const char *label, bool *value)
{
    return ImGui::Checkbox(label, value);
}

extern "C" bool hl_ui_slider(const char *label, float *value, float low, float high,
                             bool logarithmic)
{
    ImGui::SetNextItemWidth(150);
    return ImGui::SliderFloat(label, value, low, high, "%.3g",
                              ImGuiSliderFlags_AlwaysClamp |
                                  (logarithmic ? ImGuiSliderFlags_Logarithmic : 0));
}

extern "C" bool hl_ui_slider_int(const char *label, int32_t *value, int32_t low, int32_t high)
{
    int v = *value;
    ImGui::SetNextItemWidth(150);
    const bool changed =
        ImGui::SliderInt(label, &v, low, high, "%d", ImGuiSliderFlags_AlwaysClamp);
    *value = v;
    return changed;
}

extern "C" bool hl_ui_color(const char *label, float rgb[3])
{
    return ImGui::ColorEdit3(label, rgb, ImGuiColorEditFlags_NoInputs);
}

extern "C" bool hl_ui_choice(const char *label, int32_t *value, const char *words)
{
    char items[512];
    const size_t n = strlen(words);
    if (n + 2 > sizeof items)
        return false;
    memcpy(items, words, n + 1);
    items[n + 1] = '\0';
    for (size_t i = 0; i < n; i++)
        if (items[i] == '|')
            items[i] = '\0';
    int v = *value;
    ImGui::SetNextItemWidth(150);
    const bool changed = ImGui::Combo(label, &v, items);
    *value = v;
    return changed;
}
