"""Operations that hypothesis-graphql makes of the schema, asked of the service as everybody.

`generation` draws them and `aiming` has most of them name what is there, by words that `replay` puts ids in for. `seed` keeps a
thousand of them (`scripts/operations` draws them anew, after a change of the schema); `findings` is what must not be.
"""
