// SPDX-License-Identifier: GPL-2.0
/* The tables of names; the debugger's scripts find them by their symbols. */
#include "names.h"

const char * const ua_cause_names[UA_NR_CAUSES] = { UA_CAUSES(UA_NAME) };

const char * const ua_mode_names[UA_NR_MODES] = { UA_MODES(UA_NAME) };

const char * const ua_throttle_states[UA_NR_THROTTLE_REASONS] = {
	UA_THROTTLE_LIMITS(UA_THROTTLE_STATE),
	UA_THROTTLE_OTHERS(UA_THROTTLE_STATE),
};

const char * const ua_hit_names[UA_NR_LIMITS] = { UA_THROTTLE_LIMITS(UA_THROTTLE_NAME) };

const char * const ua_status_names[UA_COMPLETE + 1] = { UA_STATES(UA_NAME) };
