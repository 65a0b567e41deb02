# SPDX-License-Identifier: MIT
# Flags and the few functions that the CMakeLists.txt of every folder is written with.
#
#   hl_module(core SOURCES a.c b.c [DEPENDS other modules] [LIBS external libraries])
#   hl_isa_sources(avx2|avx512|vnni a_avx2.c ..) per-file instruction set, chosen at run time
#   hl_test(core/arena [DEPENDS modules] [SOURCES extra.c] [LABELS parallel] [LIBS external])
#   hl_fuzz(ply DEPENDS core)                    tests/fuzz/fuzz_ply.c + tests/fuzz/corpus/ply/
include_guard()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug" FORCE)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")

set(HL_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wundef -Wvla -Wstrict-prototypes
    -Wmissing-prototypes -Wcast-qual -Wdouble-promotion -Wconversion -Wformat=2)
if(HL_WERROR)
    list(APPEND HL_WARNINGS -Werror)
endif()

# Two compilers and two instruction sets must agree: no silent fused multiply-add.
add_compile_options($<$<COMPILE_LANGUAGE:C>:-ffp-contract=off>)
add_compile_definitions(_XOPEN_SOURCE=700 _DEFAULT_SOURCE=1 _FILE_OFFSET_BITS=64)

if(HL_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
        message(FATAL_ERROR "HL_FUZZ=ON needs clang: configure with -DCMAKE_C_COMPILER=clang")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
    set(HL_SANITIZE address,undefined)
endif()
if(HL_SANITIZE)
    add_compile_options(-fsanitize=${HL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${HL_SANITIZE})
endif()
if(HL_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()
if(HL_CLANG_TIDY)
    find_program(HL_CLANG_TIDY_PROGRAM clang-tidy REQUIRED)
    set(CMAKE_C_CLANG_TIDY ${HL_CLANG_TIDY_PROGRAM} --quiet)
endif()

set(HL_TEST_TIMEOUT 120)
if(HL_SANITIZE)
    set(HL_TEST_TIMEOUT 600) # ThreadSanitizer is ten times slower, and machines are shared
endif()
if(HL_FUZZ)
    add_custom_target(fuzzers)
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
include(${CMAKE_CURRENT_LIST_DIR}/build_info.cmake)

# What every target of ours shares.
function(hl_target target)
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:C>:${HL_WARNINGS}>")
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${HL_GENERATED_DIR})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL EXECUTABLE) # also with CUDA: its launch code needs no C++ runtime
        set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
    endif()
endfunction()

function(hl_module name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBS" ${ARGN})
    if(ARG_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "hl_module(${name}): unexpected ${ARG_UNPARSED_ARGUMENTS}")
    endif()
    add_library(${name} STATIC ${ARG_SOURCES})
    set_target_properties(${name} PROPERTIES OUTPUT_NAME hl_${name})
    hl_target(${name})
    target_link_libraries(${name} PUBLIC ${ARG_DEPENDS} ${ARG_LIBS} Threads::Threads m)
    set_property(GLOBAL APPEND PROPERTY HL_MODULES ${name})
endfunction()

# Such files are compiled everywhere and are empty where the compiler lacks the instruction set:
# wrap the body in #if defined(__AVX2__) or #if defined(__AVX512F__).
function(hl_isa_sources isa)
    if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        return()
    endif()
    set(flags_avx2 -mavx2 -mfma)
    set(flags_avx512 -mavx2 -mfma -mavx512f -mavx512bw -mavx512dq -mavx512vl
        -mprefer-vector-width=512)
    set(flags_vnni ${flags_avx512} -mavx512vnni)
    if(NOT DEFINED flags_${isa})
        message(FATAL_ERROR "hl_isa_sources: ${isa} is not avx2, avx512 or vnni")
    endif()
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS ${flags_${isa}})
endfunction()

function(hl_test path)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBS;LABELS" ${ARGN})
    if(ARG_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "hl_test(${path}): unexpected ${ARG_UNPARSED_ARGUMENTS}")
    endif()
    get_filename_component(folder ${path} DIRECTORY)
    get_filename_component(name ${path} NAME)
    set(target test_${name})
    add_executable(${target} ${PROJECT_SOURCE_DIR}/tests/${folder}/${target}.c ${ARG_SOURCES})
    hl_target(${target})
    target_link_libraries(${target} PRIVATE check ${ARG_DEPENDS} ${ARG_LIBS})
    add_test(NAME ${path} COMMAND ${target})
    set_tests_properties(${path} PROPERTIES TIMEOUT ${HL_TEST_TIMEOUT} SKIP_RETURN_CODE 77
        LABELS "${folder};${ARG_LABELS}")
endfunction()

function(hl_fuzz name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
    if(NOT HL_FUZZ)
        return()
    endif()
    add_executable(fuzz_${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_${name}.c ${ARG_SOURCES})
    hl_target(fuzz_${name})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(fuzz_${name} PRIVATE ${ARG_DEPENDS})
    add_dependencies(fuzzers fuzz_${name})
    set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
endfunction()
