/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers in, number out. No locks, no kernel state; also built in userspace. */
#ifndef _UNACCEPTED_POLICY_H
#define _UNACCEPTED_POLICY_H

#include <linux/types.h>

u64 ua_policy_blocks(u64 bytes, u64 block_bytes);
u64 ua_policy_percent(u64 blocks, unsigned int percent);
u64 ua_policy_pace(u64 *next_ns, u64 now_ns, u64 bytes, u64 bytes_per_second);

#endif /* _UNACCEPTED_POLICY_H */
