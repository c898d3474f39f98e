// SPDX-License-Identifier: GPL-2.0
/*
 * As bench.c, of what is compiled with the library's header.
 */
#include "../../../bench/c/c_api.c"
