/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM unaccepted

#if !defined(_TRACE_UNACCEPTED_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_UNACCEPTED_H

#include <linux/tracepoint.h>

/* As enum ua_cause of the module; the order is part of the interface. */
#define UA_CAUSE_NAMES			\
	{ 0, "user" },			\
	{ 1, "background" },		\
	{ 2, "watermark" },		\
	{ 3, "fallback" },		\
	{ 4, "isolation" }

TRACE_EVENT(accept_begin,
	TP_PROTO(int nid, int zone, int why),
	TP_ARGS(nid, zone, why),
	TP_STRUCT__entry(
		__field(int, nid)
		__field(int, zone)
		__field(int, why)
	),
	TP_fast_assign(
		__entry->nid = nid;
		__entry->zone = zone;
		__entry->why = why;
	),
	TP_printk("nid=%d zone=%d cause=%s", __entry->nid, __entry->zone,
		  __print_symbolic(__entry->why, UA_CAUSE_NAMES))
);

TRACE_EVENT(accept_end,
	TP_PROTO(int nid, int zone, int why, unsigned long pfn, u64 ns, int result),
	TP_ARGS(nid, zone, why, pfn, ns, result),
	TP_STRUCT__entry(
		__field(int, nid)
		__field(int, zone)
		__field(int, why)
		__field(int, result)
		__field(unsigned long, pfn)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->nid = nid;
		__entry->zone = zone;
		__entry->why = why;
		__entry->result = result;
		__entry->pfn = pfn;
		__entry->ns = ns;
	),
	TP_printk("nid=%d zone=%d cause=%s pfn=%ld ns=%llu result=%d", __entry->nid,
		  __entry->zone, __print_symbolic(__entry->why, UA_CAUSE_NAMES),
		  (long)__entry->pfn, __entry->ns, __entry->result)
);

/* An allocation reached its budget and left the zone short of the watermark. */
TRACE_EVENT(shortfall,
	TP_PROTO(int nid, int zone, unsigned int order, unsigned int done, u64 left),
	TP_ARGS(nid, zone, order, done, left),
	TP_STRUCT__entry(
		__field(int, nid)
		__field(int, zone)
		__field(unsigned int, order)
		__field(unsigned int, done)
		__field(u64, left)
	),
	TP_fast_assign(
		__entry->nid = nid;
		__entry->zone = zone;
		__entry->order = order;
		__entry->done = done;
		__entry->left = left;
	),
	TP_printk("nid=%d zone=%d order=%u blocks_done=%u blocks_left=%llu",
		  __entry->nid, __entry->zone, __entry->order, __entry->done,
		  __entry->left)
);

/* As enum ua_throttle_reason of the module; the order is part of the interface. */
#define UA_THROTTLE_NAMES				\
	{ 0, "bytes_per_second" },		\
	{ 1, "cpu_percent" },			\
	{ 2, "floor_bytes" },			\
	{ 3, "slow" },				\
	{ 4, "busy" },				\
	{ 5, "steal" },				\
	{ 6, "pressure" },			\
	{ 7, "refused" },			\
	{ 8, "offlining" },			\
	{ 9, "enough" },			\
	{ 10, "done" },				\
	{ 11, "turn" }

/* A background thread goes to sleep: why, and for how long (-1: until woken). */
TRACE_EVENT(acceptor_sleep,
	TP_PROTO(int nid, unsigned int index, int reason, u64 ns, u64 unaccepted),
	TP_ARGS(nid, index, reason, ns, unaccepted),
	TP_STRUCT__entry(
		__field(int, nid)
		__field(unsigned int, index)
		__field(int, reason)
		__field(u64, ns)
		__field(u64, unaccepted)
	),
	TP_fast_assign(
		__entry->nid = nid;
		__entry->index = index;
		__entry->reason = reason;
		__entry->ns = ns;
		__entry->unaccepted = unaccepted;
	),
	TP_printk("nid=%d thread=%u reason=%s ns=%lld unaccepted=%llu", __entry->nid,
		  __entry->index, __print_symbolic(__entry->reason, UA_THROTTLE_NAMES),
		  (s64)__entry->ns, __entry->unaccepted)
);

/* It wakes up: kicked by an allocation, or because of the time or a knob. */
TRACE_EVENT(acceptor_wake,
	TP_PROTO(int nid, unsigned int index, bool kicked, u64 unaccepted),
	TP_ARGS(nid, index, kicked, unaccepted),
	TP_STRUCT__entry(
		__field(int, nid)
		__field(unsigned int, index)
		__field(bool, kicked)
		__field(u64, unaccepted)
	),
	TP_fast_assign(
		__entry->nid = nid;
		__entry->index = index;
		__entry->kicked = kicked;
		__entry->unaccepted = unaccepted;
	),
	TP_printk("nid=%d thread=%u reason=%s unaccepted=%llu", __entry->nid,
		  __entry->index, __entry->kicked ? "kick" : "time",
		  __entry->unaccepted)
);

#endif /* _TRACE_UNACCEPTED_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH trace/events
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE unaccepted
#include <trace/define_trace.h>
