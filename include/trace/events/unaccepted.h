/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM unaccepted

#if !defined(_TRACE_UNACCEPTED_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_UNACCEPTED_H

#include <linux/tracepoint.h>

/* As enum ua_why of the module; the order is part of the interface. */
#define UA_WHY_NAMES			\
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
		  __print_symbolic(__entry->why, UA_WHY_NAMES))
);

TRACE_EVENT(accept_end,
	TP_PROTO(int nid, int zone, int why, u64 ns, int result),
	TP_ARGS(nid, zone, why, ns, result),
	TP_STRUCT__entry(
		__field(int, nid)
		__field(int, zone)
		__field(int, why)
		__field(int, result)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->nid = nid;
		__entry->zone = zone;
		__entry->why = why;
		__entry->result = result;
		__entry->ns = ns;
	),
	TP_printk("nid=%d zone=%d cause=%s ns=%llu result=%d", __entry->nid,
		  __entry->zone, __print_symbolic(__entry->why, UA_WHY_NAMES),
		  __entry->ns, __entry->result)
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

#endif /* _TRACE_UNACCEPTED_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH trace/events
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE unaccepted
#include <trace/define_trace.h>
