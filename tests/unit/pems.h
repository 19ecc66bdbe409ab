/*
 * pems.h - for tests: private keys in every form OpenSSL writes.
 */
#ifndef GP_TESTS_PEMS_H
#define GP_TESTS_PEMS_H

/* Made by OpenSSL 3.0.22 for this test; the key is used nowhere. */
UNUSED static const char pem_params[] =
"-----BEGIN EC PARAMETERS-----\n"
"BggqhkjOPQMBBw==\n"
"-----END EC PARAMETERS-----\n";
UNUSED static const char pem_sec1[] =
"-----BEGIN EC PRIVATE KEY-----\n"
"MHcCAQEEIOwYBYM3qR/3VVJlmQ2+zSnpa2C4IB3x3bUIx0GF0rheoAoGCCqGSM49\n"
"AwEHoUQDQgAEJHJ6I9V+PVBr3JuhCydkwJQlu4ZlgevHkfAi8OYemmnXf58cKg5a\n"
"5MU4iLjgmzgUjwyYZ5CPEzwVQcubp4gwWA==\n"
"-----END EC PRIVATE KEY-----\n";
UNUSED static const char pem_pkcs8[] =
"-----BEGIN PRIVATE KEY-----\n"
"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7BgFgzepH/dVUmWZ\n"
"Db7NKelrYLggHfHdtQjHQYXSuF6hRANCAAQkcnoj1X49UGvcm6ELJ2TAlCW7hmWB\n"
"68eR8CLw5h6aadd/nxwqDlrkxTiIuOCbOBSPDJhnkI8TPBVBy5uniDBY\n"
"-----END PRIVATE KEY-----\n";
UNUSED static const char pem_public[] =
"-----BEGIN PUBLIC KEY-----\n"
"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJHJ6I9V+PVBr3JuhCydkwJQlu4Zl\n"
"gevHkfAi8OYemmnXf58cKg5a5MU4iLjgmzgUjwyYZ5CPEzwVQcubp4gwWA==\n"
"-----END PUBLIC KEY-----\n";
UNUSED static const char pem_encrypted[] =
"-----BEGIN EC PRIVATE KEY-----\n"
"Proc-Type: 4,ENCRYPTED\n"
"DEK-Info: AES-128-CBC,8B8AE3D670B766AD250BE89F0E8C2CC6\n"
"\n"
"L5+jt23jq+cYVE1ebOer7h6FXHsRXr0QNaMOBzD5ImAJq5QS0d5w101ZjsINjg8m\n"
"ggSqIYHsa6Rw4mg7NBZRtlQbRkjtClQCGZCxvmtqHf3fxyhv8yV2z/JmuzdJnCyb\n"
"2602VlvKTtQMPocHsguHnSFGvtbpCGRiB0RGggD4KNk=\n"
"-----END EC PRIVATE KEY-----\n";
UNUSED static const char pem_p384[] =
"-----BEGIN EC PRIVATE KEY-----\n"
"MIGkAgEBBDCLDLO8EO5CoeSR1wd5D+pdTSUlTHAuN3UYu7uwKds5YFFtA+4TiI94\n"
"w5uMxfK1YcagBwYFK4EEACKhZANiAARoaOjUM6SNaYt007uTHX25Wxogr2TrfIv8\n"
"QTxp1tMbfvlQLvOADjXjE72/tY4qdsl+Bh7nNVitxatKYG7VV0QK3RRCkH7CgavU\n"
"4LfyDv12wVxkNyUuKbQ+hbmZcXf9P/o=\n"
"-----END EC PRIVATE KEY-----\n";
UNUSED static const char pem_rsa[] =
"-----BEGIN PRIVATE KEY-----\n"
"MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAKgGbZzaEQ640O6D\n"
"J0RtqJ4gU+erksaxzgtf3jgN/4IrND5Mil9zZHbL+swVsWGKJQpl2MDk17zgXeLP\n"
"jpD45CMJq/PVOWmC09x4mBfF/ODiC1ImTh7gv7d6eVPjIOooQQ5xPKAfbnxu0cxe\n"
"N4wAvmf+dAJa+e1JJVLN3dmQ+pixAgMBAAECgYAIn+vYdUkS3GG9HHZTiN1y4G3u\n"
"IlxyXoYZB168uds3r0gLOpqPs7igcG/7MdHdE9463md130lDpLCtB8JlpqDvJjE1\n"
"nDaARk10nzhoQiaAKWe8LZU7PI50K8ZSD1LEEO42sohUM3FUwo6J653sbjOmOyJa\n"
"voz2Y/0r3t3L41fVAQJBANABYIswT1eM4PD5INcbWM49kn0zRv3TG+DdXE1/lwc8\n"
"u14W4gDzs6BiSvtnKooTyjsIBeD77XvMriD9TYPqzQkCQQDOy3ctG/AZy3pptiN8\n"
"N4ArjgI5SHDdAxP5AEeEN3Ctx8b+hbmSCOxt/olw1Aen+R5QAoVjLz2F2IBy6hQH\n"
"6IBpAkADmwKBZyT474g2pRrcn6y6ZnbTlL/2RmKFU1D2Ru/nQDY/O0ZPnenPLeT+\n"
"1pr2KcGnpEv1ymgjbTjXeYyObNOBAkByT3ByZAYmDB9/veoBqSBVcytxhMS2txPc\n"
"SbY+tPK5bTxnx33b5sjiyJgq4VnWFVQXQD2BpURp71KZsyEdef05AkEAxD05kdCk\n"
"ILhrJ5lUz1sNzi9Mw+450ydUUL8/sVkY7Gah59084murolLdtjs9bHlkl2Ja0/cZ\n"
"5Qo8U9wOSEpxiA==\n"
"-----END PRIVATE KEY-----\n";
UNUSED static const char pem_secp256k1[] =
"-----BEGIN EC PRIVATE KEY-----\n"
"MHQCAQEEIMbefGEmgu2UKDtnHUV2Sa4yNDo//EkLQTTndnaiSVXjoAcGBSuBBAAK\n"
"oUQDQgAEW1PMPo2pdEbXZk2pOCZzLnae1BS1YlX6kXNEYZhj39o1o0vm9EiqReei\n"
"Oi//gO5HtzDi15lmU4YlTJfYxkYOjg==\n"
"-----END EC PRIVATE KEY-----\n";
UNUSED static const char pem_other_public[] =
"-----BEGIN EC PRIVATE KEY-----\n"
"MHcCAQEEIOwYBYM3qR/3VVJlmQ2+zSnpa2C4IB3x3bUIx0GF0rheoAoGCCqGSM49\n"
"AwEHoUQDQgAEbFTS2JC+YC9BgTiq5U/YeSG9yUAUSdalujGatcfTvvsBA9Lpisyc\n"
"3uv5eLk/Sh57L5HxwVZTfV0jmte9ybXZTg==\n"
"-----END EC PRIVATE KEY-----\n";

#endif
