/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files in sysfs and debugfs share. The rest of the module knows of none.
 */
#ifndef _UNACCEPTED_CONTROL_H
#define _UNACCEPTED_CONTROL_H

#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "unaccepted.h"

struct dentry;

/* What "state" says. Always of one moment's reading: never stored, so never stale. */
enum ua_status {
	UA_ABSENT,		/* no table, or one that was refused */
	UA_ERROR,		/* the last acceptance was refused */
	UA_RUNNING,		/* a trigger or the acceptor is at work */
	UA_IDLE,		/* memory is unaccepted and nobody asks for it */
	UA_COMPLETE,		/* nothing is left */
};

/* control.c */
enum ua_status ua_control_status(u64 unaccepted);
int ua_control_may_accept(void);
int ua_control_copy(char *to, size_t size, const char *buf, size_t count);
int ua_control_parse_bytes(char *s, u64 *bytes);
int ua_control_parse_address(char *s, u64 *bytes);
int ua_control_emit_error(char *buf, const struct ua_error *error);

/* control_accept.c */
void ua_control_accept_init(void);
ssize_t ua_control_accept(const struct ua_scope *scope, const char *buf, size_t count);
extern const struct attribute_group ua_control_accept_group;

/* control_scope.c */
struct kobject *ua_control_scopes_init(void);
void ua_control_scopes_exit(void);

/* control_watch.c */
void ua_watch_open(struct kobject *kobj);
void ua_watch_close(void);
void ua_watch_reading(void);

/* control_acceptor.c */
extern const struct attribute_group ua_control_acceptor_group;
const char *ua_control_throttle_name(enum ua_throttle_reason rest);

/* control_policy.c */
extern const struct attribute_group ua_control_policy_group;

/* control_debugfs.c */
void ua_debugfs_init(void);
void ua_debugfs_exit(void);

/* control_map.c */
extern const struct attribute_group ua_control_map_group;
void ua_control_map_init(void);
void ua_debugfs_map_init(struct dentry *dir);

#endif /* _UNACCEPTED_CONTROL_H */
