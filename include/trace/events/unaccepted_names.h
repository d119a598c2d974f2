/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The names that sysfs, debugfs and the trace events share. Each list builds an
 * enum, the table of its names, and the symbols of the trace events; the numbers
 * are part of the trace events' format.
 */
#ifndef _UNACCEPTED_NAMES_H
#define _UNACCEPTED_NAMES_H

/* enum ua_cause: what memory was accepted for. X(number, identifier, name) */
#define UA_CAUSES(X)							\
	X(0, USER, "user"),		/* a write to "accept" or "accept_range" */	\
	X(1, BACKGROUND, "background"),	/* threads; also before hibernation and kexec */ \
	/* an allocation below the watermark */				\
	X(2, WATERMARK, "watermark"),					\
	/* an allocation that could not be served */			\
	X(3, FALLBACK, "fallback"),					\
	/* a contiguous allocation; accepted by the kernel */		\
	X(4, ISOLATION, "isolation")

/* enum ua_mode: what the background threads are for. */
#define UA_MODES(X)							\
	X(0, OFF, "off"),		/* no threads */		\
	/* keep some free memory accepted, ahead of demand */		\
	X(1, AHEAD, "ahead"),						\
	/* accept everything while the CPUs are otherwise idle */	\
	X(2, IDLE, "idle"),						\
	/* accept everything, as fast as the limits allow */		\
	X(3, ALL, "all")

/*
 * enum ua_throttle_reason: what a thread does, or what keeps it from working.
 * X(number, identifier, name, state that the acceptor's file "state" shows)
 */
#define UA_THROTTLE_LIMITS(X)						\
	X(0, BANDWIDTH, "bytes_per_second", "throttled(bytes_per_second)"), \
	X(1, CPU, "cpu_percent", "throttled(cpu_percent)"),		\
	X(2, FLOOR, "floor_bytes", "throttled(floor_bytes)"),		\
	/* a block takes much longer than usual */			\
	X(3, SLOW, "slow", "throttled(slow)"),				\
	/* other tasks use the CPUs */					\
	X(4, BUSY, "busy", "paused(busy)"),				\
	/* the host runs other guests on the CPUs */			\
	X(5, STEAL, "steal", "paused(steal)"),				\
	/* other tasks wait for CPUs or memory */			\
	X(6, PRESSURE, "pressure", "paused(pressure)"),			\
	/* the platform refused a block */				\
	X(7, REFUSED, "refused", "paused(refused)"),			\
	/* memory is being taken offline */				\
	X(8, HELD, "offlining", "paused(offlining)")

/* The same, but these are not counted in "hits". */
#define UA_THROTTLE_OTHERS(X)						\
	/* the platform refused too many blocks in a row */		\
	X(9, GAVE_UP, "gave_up", "stopped(refused)"),			\
	X(10, ENOUGH, "enough", "waiting"),	/* the headroom is there */ \
	X(11, DONE, "done", "complete"),	/* nothing is unaccepted */ \
	X(12, NOT, "turn", "running")		/* it works */

/* enum ua_status: what "state" says. */
#define UA_STATES(X)							\
	X(0, ABSENT, "absent"),		/* no table, or a refused one */ \
	X(1, ERROR, "error"),		/* the last acceptance failed */ \
	/* a write or a thread is at work, or a limit holds the thread back */	\
		X(2, RUNNING, "running"),					\
	/* memory is unaccepted and nothing is about to accept it */	\
	X(3, IDLE, "idle"),						\
	X(4, COMPLETE, "complete")	/* nothing is unaccepted */

/* A row expands to a constant of the enum. */
#define UA_CAUSE_ENUM(_nr, _id, _name)			UA_CAUSE_##_id = (_nr)
#define UA_MODE_ENUM(_nr, _id, _name)			UA_MODE_##_id = (_nr)
#define UA_THROTTLE_ENUM(_nr, _id, _name, _state)	UA_THROTTLE_##_id = (_nr)
#define UA_STATE_ENUM(_nr, _id, _name)			UA_##_id = (_nr)

/* A row expands to an entry of a table of names. */
#define UA_NAME(_nr, _id, _name)			[_nr] = _name
#define UA_THROTTLE_NAME(_nr, _id, _name, _state)	[_nr] = _name
#define UA_THROTTLE_STATE(_nr, _id, _name, _state)	[_nr] = _state

/* A row expands to a symbol of a trace event. */
#define UA_CAUSE_SYMBOL(_nr, _id, _name)		{ _nr, _name }
#define UA_THROTTLE_SYMBOL(_nr, _id, _name, _state)	{ _nr, _name }

#endif /* _UNACCEPTED_NAMES_H */
