/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM unaccepted

#if !defined(_TRACE_UNACCEPTED_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_UNACCEPTED_H

#include <linux/tracepoint.h>

#include "unaccepted_names.h"

TRACE_EVENT(accept_begin,
	TP_PROTO(int nid, int zone, int cause),
	TP_ARGS(nid, zone, cause),
	TP_STRUCT__entry(
		__field(int, nid)
		__field(int, zone)
		__field(int, cause)
	),
	TP_fast_assign(
		__entry->nid = nid;
		__entry->zone = zone;
		__entry->cause = cause;
	),
	TP_printk("nid=%d zone=%d cause=%s", __entry->nid, __entry->zone,
		  __print_symbolic(__entry->cause, UA_CAUSES(UA_CAUSE_SYMBOL)))
);

TRACE_EVENT(accept_end,
	TP_PROTO(int nid, int zone, int cause, unsigned long pfn, u64 ns, int result),
	TP_ARGS(nid, zone, cause, pfn, ns, result),
	TP_STRUCT__entry(
		__field(int, nid)
		__field(int, zone)
		__field(int, cause)
		__field(int, result)
		__field(unsigned long, pfn)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->nid = nid;
		__entry->zone = zone;
		__entry->cause = cause;
		__entry->result = result;
		__entry->pfn = pfn;
		__entry->ns = ns;
	),
	TP_printk("nid=%d zone=%d cause=%s pfn=%ld ns=%llu result=%d", __entry->nid,
		  __entry->zone, __print_symbolic(__entry->cause, UA_CAUSES(UA_CAUSE_SYMBOL)),
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

/* A background thread goes to sleep: the reason, and for how long (-1: until woken). */
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
		  __entry->index,
		  __print_symbolic(__entry->reason, UA_THROTTLE_LIMITS(UA_THROTTLE_SYMBOL),
				   UA_THROTTLE_OTHERS(UA_THROTTLE_SYMBOL)),
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
