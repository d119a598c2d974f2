/* SPDX-License-Identifier: GPL-2.0 */
/* Files are not created: a program that tests one calls its functions. */
#ifndef _UNIT_LINUX_DEBUGFS_H
#define _UNIT_LINUX_DEBUGFS_H

#include <linux/types.h>

#define THIS_MODULE	NULL

struct dentry;
struct file;

struct inode {
	void *i_private;
};

struct file_operations {
	void *owner;
	int (*open)(struct inode *inode, struct file *file);
	ssize_t (*read)(struct file *file, char *buf, size_t size, loff_t *pos);
	ssize_t (*write)(struct file *file, const char *buf, size_t size, loff_t *pos);
	loff_t (*llseek)(struct file *file, loff_t offset, int whence);
	int (*release)(struct inode *inode, struct file *file);
};

#define simple_open	NULL
#define noop_llseek	NULL

#define debugfs_create_dir(name, parent)	((struct dentry *)NULL)
#define debugfs_create_file(name, mode, parent, data, fops)	((void)(fops))
#define debugfs_remove_recursive(dentry)	((void)(dentry))

#endif /* _UNIT_LINUX_DEBUGFS_H */
