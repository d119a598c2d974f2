// SPDX-License-Identifier: GPL-2.0
#include "state.h"

/* All state is reached from this one symbol, so that a debugger needs no other. */
struct ua_state ua_state;
