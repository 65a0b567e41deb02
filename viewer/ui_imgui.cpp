/* SPDX-License-Identifier: MIT */
/* The one C++ file: Dear ImGui behind viewer/ui.h.  No exceptions, no run-time types. */
#include "viewer/ui.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <imgui.h>

static_assert(sizeof(ImDrawVert) == sizeof(hl_ui_vertex), "vertices are passed on as they are");

/* All draw lists of a frame as one. */
static ImVector<hl_ui_vertex> vertices;
static ImVector<uint32_t> indices;
static ImVector<hl_ui_command> commands;

/* Widths in units of the text's size. */
static float text_scale = 1;

/* Where lines of text break, pixels from the left side; 0: at the panel's edge. */
static float wrap_at = 0;

/* What was typed and not yet seen by a field: a key goes down for one frame and up for the next. */
static ImVector<int32_t> typed;
static int awaited;        /* frames that letters are kept for a field that is to take them */
enum { AWAIT_FRAMES = 8 }; /* it is drawn, then active, then known to be */
static int key_down;

static const ImGuiKey_ keys[HL_UI_KEY_COUNT] = {
    ImGuiKey_COUNT, ImGuiKey_Backspace, ImGuiKey_Delete, ImGuiKey_LeftArrow, ImGuiKey_RightArrow,
    ImGuiKey_Home,  ImGuiKey_End,       ImGuiKey_Enter,  ImGuiKey_Escape,    ImGuiKey_A,
    ImGuiKey_C,     ImGuiKey_X,         ImGuiKey_V,      ImGuiKey_Z,         ImGuiKey_Y};

static bool is_file(const char *path)
{
    FILE *f = path ? fopen(path, "rb") : nullptr;
    if (f)
        fclose(f);
    return f != nullptr;
}

static void set_style(float scale)
{
    ImGui::StyleColorsDark();
    ImGuiStyle &s = ImGui::GetStyle();
    s.WindowPadding = ImVec2(10, 8);
    s.FramePadding = ImVec2(6, 3);
    s.ItemSpacing = ImVec2(8, 5);
    s.WindowRounding = 5;
    s.FrameRounding = 3;
    s.GrabRounding = 3;
    s.ScrollbarSize = 11;
    s.ScaleAllSizes(scale);
    s.Colors[ImGuiCol_WindowBg] = ImVec4(0.09f, 0.10f, 0.12f, 0.92f);
    s.Colors[ImGuiCol_Header] = ImVec4(0.20f, 0.25f, 0.32f, 1);
    s.Colors[ImGuiCol_HeaderHovered] = ImVec4(0.26f, 0.34f, 0.45f, 1);
}

extern "C" bool hl_ui_create(float scale, const char *font_file)
{
    if (!ImGui::CreateContext())
        return false;
    ImGuiIO &io = ImGui::GetIO();
    io.IniFilename = nullptr; /* writes no file */
    io.LogFilename = nullptr;
    io.BackendFlags |= ImGuiBackendFlags_RendererHasVtxOffset;
    ImFontConfig font;
    font.SizePixels = 13.0f * scale;
    if (!is_file(font_file) || !io.Fonts->AddFontFromFileTTF(font_file, 14.0f * scale))
        io.Fonts->AddFontDefault(&font);
    for (int i = 1; i < HL_UI_KEY_COUNT; i++)
        io.KeyMap[keys[i]] = i;
    text_scale = scale;
    set_style(scale);
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
    typed.clear();
    key_down = 0;
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

/* Letters up to the next key, or that key where it is the first. */
static void pass_typed(ImGuiIO &io)
{
    const bool released = key_down == 0;
    io.KeysDown[key_down] = io.KeyCtrl = false;
    key_down = 0;
    if (!io.WantTextInput)
        return;
    int at = 0;
    while (at < typed.Size && typed[at] > 0)
        io.AddInputCharacter((unsigned)typed[at++]);
    if (at == 0 && typed.Size && released) {
        key_down = -typed[at++];
        io.KeysDown[key_down] = true;
        io.KeyCtrl = key_down >= HL_UI_ALL;
    }
    if (at > 0)
        typed.erase(typed.begin(), typed.begin() + at);
}

extern "C" void hl_ui_begin(const hl_ui_input *input)
{
    ImGuiIO &io = ImGui::GetIO();
    if (io.WantTextInput)
        awaited = 0;
    else if (awaited > 0)
        awaited--;
    else
        typed.clear(); /* of the frame before, and nobody asked for it */
    for (int32_t i = 0; i < input->typed_count; i++)
        if (input->typed[i] > -HL_UI_KEY_COUNT && input->typed[i] != 0)
            typed.push_back(input->typed[i]);
    pass_typed(io);
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

extern "C" bool hl_ui_wants_keys(void)
{
    return ImGui::GetIO().WantTextInput || awaited > 0;
}

extern "C" void hl_ui_await_field(void)
{
    awaited = AWAIT_FRAMES;
}

extern "C" void hl_ui_clipboard(const char *(*read)(void *ctx),
                                void (*write)(void *ctx, const char *text), void *ctx)
{
    ImGuiIO &io = ImGui::GetIO();
    io.GetClipboardTextFn = read;
    io.SetClipboardTextFn = write;
    io.ClipboardUserData = ctx;
}

extern "C" void hl_ui_panel(const char *title, float x, float y, float width)
{
    ImGui::SetNextWindowPos(ImVec2(x, y), ImGuiCond_FirstUseEver);
    const float most = ImGui::GetIO().DisplaySize.y - y - 10;
    ImGui::SetNextWindowSizeConstraints(ImVec2(width, 0), ImVec2(width, most > 40 ? most : 40));
    ImGui::Begin(title, nullptr,
                 ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoSavedSettings);
}

extern "C" void hl_ui_note(const char *name, float x, float y, bool below)
{
    ImGui::SetNextWindowPos(ImVec2(x, y), ImGuiCond_Always, ImVec2(0, below ? 1.0f : 0.0f));
    const float room = ImGui::GetIO().DisplaySize.x - x - 20 * text_scale;
    wrap_at = fminf(640 * text_scale, fmaxf(room, 100 * text_scale));
    ImGui::Begin(name, nullptr,
                 ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoDecoration |
                     ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                     ImGuiWindowFlags_NoFocusOnAppearing);
}

extern "C" void hl_ui_note_end(void)
{
    ImGui::End();
    wrap_at = 0;
}

extern "C" void hl_ui_list(const char *name, float height)
{
    ImGui::BeginChild(name, ImVec2(0, height * text_scale), true);
}

extern "C" void hl_ui_list_end(void)
{
    ImGui::EndChild();
}

extern "C" void hl_ui_hint(const char *text)
{
    ImGui::PushTextWrapPos(wrap_at);
    ImGui::TextDisabled("%s", text);
    ImGui::PopTextWrapPos();
}

extern "C" void hl_ui_tip(const char *text)
{
    if (ImGui::IsItemHovered())
        ImGui::SetTooltip("%s", text);
}

extern "C" void hl_ui_row(int32_t number)
{
    ImGui::PushID(number);
}

extern "C" void hl_ui_row_end(void)
{
    ImGui::PopID();
}

extern "C" bool hl_ui_item(const char *label, bool chosen)
{
    return ImGui::Selectable(label, chosen);
}

/* One coloured rectangle per pixel: needs no texture of its own. */
extern "C" bool hl_ui_picture(const char *name, const uint32_t *colors, int32_t width,
                              int32_t height, float scale, bool chosen)
{
    const float step = scale * text_scale;
    const ImVec2 size(step * (float)width, step * (float)height);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const bool clicked = ImGui::InvisibleButton(name, size);
    ImDrawList *list = ImGui::GetWindowDrawList();
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++) {
            const ImVec2 from(at.x + step * (float)x, at.y + step * (float)y);
            list->AddRectFilled(from, ImVec2(from.x + step, from.y + step), colors[y * width + x]);
        }
    if (chosen || ImGui::IsItemHovered())
        list->AddRect(ImVec2(at.x - 1, at.y - 1), ImVec2(at.x + size.x + 1, at.y + size.y + 1),
                      chosen ? IM_COL32(255, 200, 60, 255) : IM_COL32(200, 200, 200, 255), 0, 0,
                      2 * text_scale);
    return clicked;
}

extern "C" void hl_ui_line(const float from[2], const float to[2], uint32_t rgba, float thickness)
{
    ImGui::GetBackgroundDrawList()->AddLine(ImVec2(from[0], from[1]), ImVec2(to[0], to[1]), rgba,
                                            thickness);
}

extern "C" void hl_ui_ring(const float middle[2], float radius, uint32_t rgba, float thickness)
{
    ImGui::GetBackgroundDrawList()->AddCircle(ImVec2(middle[0], middle[1]), radius, rgba, 0,
                                              thickness);
}

extern "C" void hl_ui_mark(const char *text, const float at[2], uint32_t rgba)
{
    ImGui::GetBackgroundDrawList()->AddText(ImVec2(at[0], at[1]), rgba, text);
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
    ImGui::PushTextWrapPos(wrap_at);
    ImGui::TextUnformatted(text);
    ImGui::PopTextWrapPos();
}

extern "C" bool hl_ui_button(const char *label)
{
    return ImGui::Button(label);
}

extern "C" void hl_ui_same_line(void)
{
    ImGui::SameLine();
}

extern "C" void hl_ui_column(float x)
{
    ImGui::SameLine(x * text_scale);
}

extern "C" bool hl_ui_slider_narrow(const char *label, float *value, float low, float high)
{
    ImGui::SetNextItemWidth(80 * text_scale);
    return ImGui::SliderFloat(label, value, low, high, "%.3g", ImGuiSliderFlags_Logarithmic);
}

extern "C" bool hl_ui_check(const char *label, bool *value)
{
    return ImGui::Checkbox(label, value);
}

extern "C" bool hl_ui_slider(const char *label, float *value, float low, float high,
                             bool logarithmic)
{
    ImGui::SetNextItemWidth(150 * text_scale);
    return ImGui::SliderFloat(label, value, low, high, "%.3g",
                              ImGuiSliderFlags_AlwaysClamp |
                                  (logarithmic ? ImGuiSliderFlags_Logarithmic : 0));
}

extern "C" bool hl_ui_slider_int(const char *label, int32_t *value, int32_t low, int32_t high)
{
    int v = *value;
    ImGui::SetNextItemWidth(150 * text_scale);
    const bool changed = ImGui::SliderInt(label, &v, low, high, "%d", ImGuiSliderFlags_AlwaysClamp);
    *value = v;
    return changed;
}

extern "C" bool hl_ui_field(const char *name, char *text, size_t capacity, float width, bool focus)
{
    if (focus)
        ImGui::SetKeyboardFocusHere();
    ImGui::SetNextItemWidth(width * text_scale);
    return ImGui::InputText(name, text, capacity,
                            ImGuiInputTextFlags_EnterReturnsTrue |
                                ImGuiInputTextFlags_AutoSelectAll);
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
    ImGui::SetNextItemWidth(150 * text_scale);
    const bool changed = ImGui::Combo(label, &v, items);
    *value = v;
    return changed;
}
