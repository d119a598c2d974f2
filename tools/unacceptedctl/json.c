// SPDX-License-Identifier: GPL-2.0
/*
 * A JSON document, written member by member. Keys are NULL inside of arrays.
 */
#include <string.h>

#include "ctl.h"

static void quote(FILE *to, const char *text)
{
	putc('"', to);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(to, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			fprintf(to, "\\u%04x", *text);
		else
			putc(*text, to);
	}
	putc('"', to);
}

/* Comma, line and key: what comes before each value. */
static void begin(struct json *json, const char *key)
{
	if (json->depth) {
		if (json->filled[json->depth])
			putc(',', json->to);
		fprintf(json->to, "\n%*s", 2 * json->depth, "");
		json->filled[json->depth] = true;
	}
	if (key) {
		quote(json->to, key);
		fputs(": ", json->to);
	}
}

/**
 * json_open - begin an object or an array
 * @json: the document
 * @key: its name
 * @bracket: which
 */
void json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	putc(bracket, json->to);
	json->filled[++json->depth] = false;
}

/**
 * json_close - end it; the outermost ends the document
 * @json: the document
 * @bracket: the other half
 */
void json_close(struct json *json, char bracket)
{
	bool filled = json->filled[json->depth--];

	if (filled)
		fprintf(json->to, "\n%*s", 2 * json->depth, "");
	putc(bracket, json->to);
	if (!json->depth)
		putc('\n', json->to);
}

/**
 * json_string - a member
 * @json: the document
 * @key: its name
 * @value: any text
 */
void json_string(struct json *json, const char *key, const char *value)
{
	begin(json, key);
	quote(json->to, value);
}

/**
 * json_number - a member
 * @json: the document
 * @key: its name
 * @value: as it is
 */
void json_number(struct json *json, const char *key, uint64_t value)
{
	begin(json, key);
	fprintf(json->to, "%llu", (unsigned long long)value);
}

/**
 * json_bool - a member
 * @json: the document
 * @key: its name
 * @value: true or false
 */
void json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->to);
}

/**
 * json_words - an array of strings
 * @json: the document
 * @key: its name
 * @words: separated by spaces
 */
void json_words(struct json *json, const char *key, const char *words)
{
	char one[256];
	size_t len;

	json_open(json, key, '[');
	for (; *words; words += len) {
		words += strspn(words, " ");
		len = strcspn(words, " ");
		if (!len)
			break;
		snprintf(one, sizeof(one), "%.*s", (int)len, words);
		json_string(json, NULL, one);
	}
	json_close(json, ']');
}
