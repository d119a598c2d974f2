/* SPDX-License-Identifier: GPL-2.0 */
/* The enums that have names, and the tables of these names. */
#ifndef _UA_NAMES_H
#define _UA_NAMES_H

#include "../include/trace/events/unaccepted_names.h"

enum ua_cause {
	UA_CAUSES(UA_CAUSE_ENUM),
	UA_NR_CAUSES,
};

enum ua_mode {
	UA_MODES(UA_MODE_ENUM),
	UA_NR_MODES,
};

enum ua_throttle_reason {
	UA_THROTTLE_LIMITS(UA_THROTTLE_ENUM),
	UA_NR_LIMITS,
	UA_THROTTLE_OTHERS(UA_THROTTLE_ENUM),
	UA_NR_THROTTLE_REASONS,
};

/* Computed at each reading, so never stale. */
enum ua_status {
	UA_STATES(UA_STATE_ENUM),
};

extern const char * const ua_cause_names[UA_NR_CAUSES];
extern const char * const ua_mode_names[UA_NR_MODES];
extern const char * const ua_throttle_states[UA_NR_THROTTLE_REASONS];
extern const char * const ua_hit_names[UA_NR_LIMITS];
extern const char * const ua_status_names[UA_COMPLETE + 1];

#endif /* _UA_NAMES_H */
