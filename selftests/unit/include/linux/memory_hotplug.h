/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/mm.h>

struct page;

struct page *pfn_to_online_page(unsigned long pfn);
int page_to_nid(const struct page *page);
