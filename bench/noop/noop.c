/* A libmilter program that is asked about everything and does nothing: what any
 * milter costs that answers each step. Usage: noop unix:/path */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/stat.h>

static sfsistat on_connect(SMFICTX *c, char *host, _SOCK_ADDR *addr) { return SMFIS_CONTINUE; }
static sfsistat on_helo(SMFICTX *c, char *name) { return SMFIS_CONTINUE; }
static sfsistat on_envfrom(SMFICTX *c, char **argv) { return SMFIS_CONTINUE; }
static sfsistat on_envrcpt(SMFICTX *c, char **argv) { return SMFIS_CONTINUE; }
static sfsistat on_header(SMFICTX *c, char *name, char *value) { return SMFIS_CONTINUE; }
static sfsistat on_eoh(SMFICTX *c) { return SMFIS_CONTINUE; }
static sfsistat on_body(SMFICTX *c, unsigned char *data, size_t size) { return SMFIS_CONTINUE; }
static sfsistat on_eom(SMFICTX *c) { return SMFIS_CONTINUE; }

int main(int argc, char **argv)
{
	struct smfiDesc d = {
		.xxfi_name = "noop",
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_CHGHDRS | SMFIF_CHGBODY,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_envfrom,
		.xxfi_envrcpt = on_envrcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_eoh,
		.xxfi_body = on_body,
		.xxfi_eom = on_eom,
	};
	umask(0); /* Postfix's user connects */
	if (argc != 2 || smfi_setconn(argv[1]) == MI_FAILURE || smfi_register(d) == MI_FAILURE) {
		fprintf(stderr, "usage: noop unix:/path\n");
		return 2;
	}
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
