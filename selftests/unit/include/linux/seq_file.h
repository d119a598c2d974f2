/* SPDX-License-Identifier: GPL-2.0 */
/* Enough to compile what prints tables; the functions are not called. */
#ifndef _UNIT_LINUX_SEQ_FILE_H
#define _UNIT_LINUX_SEQ_FILE_H

#include <linux/debugfs.h>

struct seq_file {
	void *private;
};

struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	int (*show)(struct seq_file *m, void *v);
};

#define SEQ_START_TOKEN	((void *)1)

void seq_printf(struct seq_file *m, const char *format, ...);
void seq_puts(struct seq_file *m, const char *text);
void seq_putc(struct seq_file *m, char c);
void seq_escape(struct seq_file *m, const char *text, const char *escaped);
void *__seq_open_private(struct file *file, const struct seq_operations *ops, int size);

#define seq_read		NULL
#define seq_lseek		NULL
#define seq_release_private	NULL

#define DEFINE_SHOW_ATTRIBUTE(name)					\
static int name##_open(struct inode *inode, struct file *file)		\
{									\
	return name##_show(inode->i_private, NULL);			\
}									\
									\
static const struct file_operations name##_fops = { .open = name##_open }

#endif /* _UNIT_LINUX_SEQ_FILE_H */
