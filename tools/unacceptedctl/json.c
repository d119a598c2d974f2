// SPDX-License-Identifier: GPL-2.0
/*
 * Writes a JSON document member by member. Keys are NULL inside of arrays.
 */
#include <string.h>

#include "ctl.h"

/*
 * Bytes beyond ASCII are taken as Latin-1. The kernel writes none; but if one came, alone
 * or in a text that was cut, the document would not be UTF-8, and so no JSON.
 */
static void quote(FILE *to, const char *text)
{
	unsigned char c;

	putc('"', to);
	while ((c = *text++)) {
		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(to, "\\u%04x", c);
		else
			putc(c, to);
	}
	putc('"', to);
}

/* Writes what precedes each value: a comma, a line break and the key. */
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
 * @key: name of the member; NULL in an array
 * @bracket: '{' or '['
 */
void json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	putc(bracket, json->to);
	json->filled[++json->depth] = false;
}

/**
 * json_close - end the innermost open object or array; the outermost ends the
 * document
 * @json: the document
 * @bracket: '}' or ']'
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
 * json_string - write a member that is a string
 * @json: the document
 * @key: name of the member; NULL in an array
 * @value: any text; it is escaped here
 */
void json_string(struct json *json, const char *key, const char *value)
{
	begin(json, key);
	quote(json->to, value);
}

/**
 * json_number - write a member that is a number
 * @json: the document
 * @key: name of the member; NULL in an array
 * @value: the number
 */
void json_number(struct json *json, const char *key, uint64_t value)
{
	begin(json, key);
	fprintf(json->to, "%llu", (unsigned long long)value);
}

/**
 * json_bool - write a member that is true or false
 * @json: the document
 * @key: name of the member; NULL in an array
 * @value: true or false
 */
void json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->to);
}

/**
 * json_words - write a member that is an array of strings
 * @json: the document
 * @key: name of the member; NULL in an array
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
