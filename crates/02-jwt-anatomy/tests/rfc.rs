//! Tokens from the standards themselves.

use jwt_anatomy::{Life, TokenKind, UnverifiedToken, What, oddities, recognise};

/// RFC 7515, appendix A.2: RS256. The line breaks inside its JSON are part of it.
const A2: &str = "eyJhbGciOiJSUzI1NiJ9.\
    eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
    cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5ju\
    jGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07\
    Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipU\
    TI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/// RFC 7515, appendix A.3: ES256.
const A3: &str = "eyJhbGciOiJFUzI1NiJ9.\
    eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
    DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/// RFC 7519, section 3.1: HS256.
const JWT_3_1: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
    eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
    dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// RFC 7519, section 6.1: unsecured.
const UNSECURED: &str = "eyJhbGciOiJub25lIn0.\
    eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";

#[test]
fn are_taken_apart() {
    for (token, alg, signature) in
        [(A2, "RS256", 256), (A3, "ES256", 64), (JWT_3_1, "HS256", 32), (UNSECURED, "none", 0)]
    {
        let read = UnverifiedToken::read(token).unwrap();
        assert_eq!(read.header().alg, alg);
        assert_eq!(read.header().key_id, None);
        assert_eq!(read.signature().len(), signature);
        assert_eq!(read.signing_input(), token.rsplit_once('.').unwrap().0);
        assert!(read.is_canonical());

        let claims = read.unverified_claims().unwrap();
        assert_eq!(claims.issuer, "joe");
        assert_eq!(claims.expires_at, Some(1_300_819_380));
        assert_eq!(claims.raw["http://example.com/is_root"], true);
        assert_eq!(Life::at(&claims, 1_300_819_379), Life::Left(1));
        assert_eq!(Life::at(&claims, 1_300_819_380), Life::Over(0));
        assert_eq!(recognise(token).what, What::Jwt(TokenKind::Other));
    }
}

#[test]
fn and_judged_by_eye() {
    let codes = |token| {
        let token = UnverifiedToken::read(token).unwrap();
        oddities::of(&token, 1_300_819_000).iter().map(|odd| odd.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(A2), ["kid-missing"]);
    assert_eq!(codes(A3), ["kid-missing"]);
    assert_eq!(codes(JWT_3_1), ["alg-hmac", "kid-missing"]);
    assert_eq!(codes(UNSECURED), ["alg-none", "signature-missing", "kid-missing"]);
}
