# SPDX-License-Identifier: MIT
# core/build_info.h, generated: what this build is, for --version, doctor and every eval.json.
set(HL_GENERATED_DIR ${PROJECT_BINARY_DIR}/generated)
set(HL_COMMIT unknown)
find_program(HL_GIT git)
if(HL_GIT)
    execute_process(COMMAND ${HL_GIT} -C ${PROJECT_SOURCE_DIR} rev-parse --short=12 HEAD
        OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    execute_process(COMMAND ${HL_GIT} -C ${PROJECT_SOURCE_DIR} rev-parse --git-path logs/HEAD
        OUTPUT_VARIABLE log OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(NOT failed)
        set(HL_COMMIT ${commit})
        get_filename_component(log "${log}" ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
        if(EXISTS "${log}") # configure again when the commit changes
            set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY
                CMAKE_CONFIGURE_DEPENDS "${log}")
        endif()
    endif()
endif()
string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
string(STRIP "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${type}}" HL_BUILD_FLAGS)
if(HL_SANITIZE)
    string(APPEND HL_BUILD_FLAGS " -fsanitize=${HL_SANITIZE}")
endif()

# hl_feature(zstd ${ZSTD_LIBRARY} libzstd-dev "SPZ version 4"): an optional library, its Debian
# package and what it is for; `helio doctor` prints one line for each.
function(hl_feature name found package use)
    if(found)
        set(present 1)
    else()
        set(present 0)
        message(STATUS "${name} not found (${package}): built without ${use}")
    endif()
    set_property(GLOBAL APPEND_STRING PROPERTY HL_FEATURES
        " \\\n    X(\"${name}\", ${present}, \"${package}\", \"${use}\")")
endfunction()

# To be called once all folders have named their features.
function(hl_write_build_info)
    get_property(HL_BUILD_FEATURES GLOBAL PROPERTY HL_FEATURES)
    configure_file(${PROJECT_SOURCE_DIR}/core/build_info.h.in
        ${HL_GENERATED_DIR}/core/build_info.h @ONLY)
endfunction()
