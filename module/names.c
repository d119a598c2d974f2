// SPDX-License-Identifier: GPL-2.0
/* The tables of names; the debugger's scripts find them by their symbols. */
#include "names.h"

#define CAUSE_NAME(_nr, _id, _name)		[_nr] = _name
#define MODE_NAME(_nr, _id, _name)		[_nr] = _name
#define STATUS_NAME(_nr, _id, _name)		[_nr] = _name
#define THROTTLE_STATE(_nr, _id, _name, _state)	[_nr] = _state
#define HIT_NAME(_nr, _id, _name, _state)	[_nr] = _name

const char * const cause_names[UA_NR_CAUSES] = { UA_CAUSES(CAUSE_NAME) };

const char * const mode_names[UA_NR_MODES] = { UA_MODES(MODE_NAME) };

const char * const throttle_names[UA_NR_THROTTLE_REASONS] = {
	UA_THROTTLE_LIMITS(THROTTLE_STATE),
	UA_THROTTLE_OTHERS(THROTTLE_STATE),
};

const char * const hit_names[UA_NR_LIMITS] = { UA_THROTTLE_LIMITS(HIT_NAME) };

const char * const status_names[UA_COMPLETE + 1] = { UA_STATES(STATUS_NAME) };
