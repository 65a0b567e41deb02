# SPDX-License-Identifier: MIT
# HL_CUDA: AUTO takes CUDA where nvcc is found and the build is a plain one; ON insists; OFF leaves
# it out.  hl_cuda_module(raster SOURCES a.cu FAST b.cu BRISK c.cu) adds device code to a module:
# FAST with approximate functions, BRISK with division and square root to within 2 ulp.
set(HL_CUDA AUTO CACHE STRING "Build the CUDA backend: AUTO, ON or OFF")
set(HL_CUDA_ARCHITECTURES "75;90" CACHE STRING "GPU architectures to compile for")

set(HL_WITH_CUDA OFF)
if(HL_CUDA AND NOT (HL_CUDA STREQUAL "AUTO" AND (HL_SANITIZE OR HL_FUZZ OR HL_COVERAGE OR
        HL_CLANG_TIDY)))
    find_program(HL_NVCC nvcc PATHS /usr/local/cuda/bin $ENV{CUDA_PATH}/bin)
    if(HL_NVCC)
        set(HL_WITH_CUDA ON)
        set(CMAKE_CUDA_COMPILER ${HL_NVCC})
        set(CMAKE_CUDA_ARCHITECTURES ${HL_CUDA_ARCHITECTURES})
        set(CMAKE_CUDA_STANDARD 17)
        set(CMAKE_CUDA_EXTENSIONS OFF)
        set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
        enable_language(CUDA)
        # nvcc's host compiler would have our C link against libstdc++: nothing of ours needs it.
        set(CMAKE_CUDA_IMPLICIT_LINK_LIBRARIES "")
        set(CMAKE_CUDA_LINKER_PREFERENCE 0)
        find_package(CUDAToolkit REQUIRED)
    elseif(HL_CUDA STREQUAL "AUTO")
        message(STATUS "nvcc not found: built without the CUDA backend")
    else()
        message(FATAL_ERROR "HL_CUDA=ON needs nvcc: put it on the PATH, or configure without it")
    endif()
endif()

# nvcc's launch code uses guard variables of C++; without them our code links without libstdc++.
set(HL_CUDA_FLAGS -Werror=all-warnings -DNVTX_DISABLE -DCCCL_DISABLE_NVTX
    "-Xcompiler=-Wall,-Wextra,-fno-exceptions,-fno-threadsafe-statics,-fno-rtti")

function(hl_cuda_module name)
    cmake_parse_arguments(ARG "" "" "SOURCES;FAST;BRISK;C" ${ARGN})
    if(NOT HL_WITH_CUDA)
        return()
    endif()
    target_sources(${name} PRIVATE ${ARG_SOURCES} ${ARG_FAST} ${ARG_BRISK} ${ARG_C})
    set_property(SOURCE ${ARG_SOURCES} ${ARG_FAST} ${ARG_BRISK} APPEND PROPERTY COMPILE_OPTIONS
        ${HL_CUDA_FLAGS})
    set_property(SOURCE ${ARG_FAST} APPEND PROPERTY COMPILE_OPTIONS --use_fast_math)
    set_property(SOURCE ${ARG_BRISK} APPEND PROPERTY COMPILE_OPTIONS
        --prec-div=false --prec-sqrt=false)
    target_link_libraries(${name} PUBLIC CUDA::cudart_static)
endfunction()
