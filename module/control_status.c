// SPDX-License-Identifier: GPL-2.0
/* What the files "state" and "reason" say. */
#include <linux/sysfs.h>

#include "accept.h"
#include "control.h"

/**
 * ua_control_status - what "state" says
 * @unaccepted: bytes that are unaccepted
 *
 * Context: any.
 * Return: see enum ua_status.
 */
enum ua_status ua_control_status(u64 unaccepted)
{
	if (!ua_control_has_table())
		return UA_ABSENT;
	if (!unaccepted)
		return UA_COMPLETE;
	if (READ_ONCE(ua_state.last_error))
		return UA_ERROR;
	if (READ_ONCE(ua_state.trigger.users))
		return UA_RUNNING;
	switch (ua_acceptor_throttle_reason()) {
	case UA_THROTTLE_GAVE_UP:
		return UA_ERROR;
	case UA_THROTTLE_ENOUGH:
	case UA_THROTTLE_DONE:
		return UA_IDLE;
	default:
		return UA_RUNNING;
	}
}

static const char *complete_reason(const struct ua_stats_sum *sum)
{
	if (sum->stats.calls || sum->other)
		return "nothing left to accept";
	if (ua_state.core->eager && ua_state.core->eager())
		return "accepted at boot: accept_memory=eager";
	return "everything had been accepted before the module was loaded";
}

/**
 * ua_control_emit_reason - print the cause of what "state" says
 * @buf: buffer of a sysfs file
 *
 * Context: any.
 * Return: the length.
 */
int ua_control_emit_reason(char *buf)
{
	const char *reason = ua_state.core->reason, *limit = "";
	struct ua_stats_sum sum;

	if (reason) {
		limit = "; cannot accept: ";
	} else if (ua_state.policy_reason) {
		limit = "; the kernel decides what allocations accept: ";
		reason = ua_state.policy_reason;
	}
	ua_stats_sum(&ua_everything, &sum);
	switch (ua_control_status(sum.unaccepted)) {
	case UA_ABSENT:
		if (!ua_state.table.present)
			return sysfs_emit(buf, "no table: the firmware passed none\n");
		return sysfs_emit(buf, "table refused: %s\n", ua_state.table.reason);
	case UA_ERROR:
		if (ua_acceptor_throttle_reason() == UA_THROTTLE_GAVE_UP)
			return sysfs_emit(buf,
					  "the acceptor has stopped: the platform refused %d blocks in a row\n",
					  UA_GIVE_UP);
		return sysfs_emit(buf, "the platform refused a block: error %d\n",
				  READ_ONCE(ua_state.last_error));
	case UA_RUNNING:
		if (READ_ONCE(ua_state.trigger.users))
			return sysfs_emit(buf, "a write to accept is at work\n");
		return sysfs_emit(buf, "the acceptor is %s\n",
				  ua_throttle_states[ua_acceptor_throttle_reason()]);
	case UA_COMPLETE:
		return sysfs_emit(buf, "%s\n", complete_reason(&sum));
	case UA_IDLE:
		if (ua_acceptor_throttle_reason() == UA_THROTTLE_ENOUGH)
			return sysfs_emit(buf, "the acceptor waits until free memory runs short\n");
		break;
	}
	return sysfs_emit(buf, "memory is unaccepted and nothing asks for it%s%s\n",
			  limit, reason ?: "");
}
