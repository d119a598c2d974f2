/* SPDX-License-Identifier: GPL-2.0 */
/* The state of the module, and an overview of it. */
#ifndef _UA_STATE_H
#define _UA_STATE_H

#include "accept.h"
#include "acceptor.h"
#include "core.h"
#include "stats.h"
#include "trigger.h"
#include "watch.h"

/**
 * DOC: overview
 *
 * In a TDX or SEV-SNP guest, memory must be accepted before it is used. Linux
 * keeps what it has not accepted yet on a list per zone, in blocks of order
 * MAX_PAGE_ORDER, and accepts a block when an allocation falls below the
 * watermark. This module shows what is unaccepted and accepts ahead of need.
 *
 * The layers, from the top; each calls only those below it. Calls that must go up
 * use pointers that the upper layer sets at init. scripts/style checks this::
 *
 *   main.c      init order
 *   control*.c  sysfs and debugfs; control.c above, control_common.c below
 *   notify.c    hibernation, kexec, hotplug
 *   acceptor.c  background threads of each memory node: knobs, start and stop
 *   acceptor_loop.c  what such a thread does
 *   throttle.c  what holds it back
 *   accept.c    the engine: zones, blocks
 *   audit.c     compares the sources of what is unaccepted
 *   block.c     what is known of a block
 *   stats.c     the counters
 *   policy.c    arithmetic
 *   names.c, state.c  data that all share
 *   ------- core.h -------
 *   bind_hooks.c or bind_stock.c, table.c
 *
 * With the hooks, the page allocator calls upwards: main.c gives the binding
 * ua_accept_upcalls of accept.c. That path takes no lock of ours.
 *
 * Lock order, outermost first:
 *
 * 0. the kernel's lock of CPU hotplug: under it ua_acceptor_rebind() takes 1, so
 *    it must not be taken while 1 is held
 * 1. &ua_acceptor.lock (mutex): the life of the threads
 * 2. leaves (spinlocks, process context): &ua_acceptor.quota_lock, &ua_trigger.lock
 * 3. zone->lock (in the binding), the kernel's; under it only the raw locks of
 *    bind_stock.c and bind_replace.c
 *
 * watch_lock of control_watch.c (mutex) is taken under none of these, and under it only locks of
 * the kernel (workqueues, kernfs) are taken. 2 and 3 are never held together, and
 * no lock of ours is held while a block is accepted. Counters are per CPU, or atomic, and
 * read without a lock.
 */

/**
 * struct ua_state - the state of the module
 * @core:	the binding; never NULL once loaded, "observe" if it cannot accept
 * @table:	the EFI table
 * @stats:	data of each zone, nr_node_ids * MAX_NR_ZONES
 * @knobs:	how allocations accept
 * @owns_policy: the module decides what allocations accept
 * @policy_reason: the cause for which it does not, though the kernel has the hooks
 * @trigger:	writes to "accept" and "accept_range"
 * @watch:	pollers of "state" and "unaccepted_bytes"
 * @stopping:	the module is being unloaded: long work must end
 * @map_chunk_bytes: what a character of the debugfs file "map" stands for
 * @last_error:	errno of the last acceptance, 0 if it went well
 * @acceptor:	the background threads
 */
struct ua_state {
	const struct ua_core *core;
	struct ua_table table;
	struct ua_zone_stat *stats;
	struct ua_knobs knobs;
	bool owns_policy;
	const char *policy_reason;
	struct ua_trigger trigger;
	struct ua_watch watch;
	bool stopping;
	u64 map_chunk_bytes;
	int last_error;
	struct ua_acceptor acceptor;
};

extern struct ua_state ua_state;

#endif /* _UA_STATE_H */
