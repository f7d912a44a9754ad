import { expect, test } from '@playwright/test';

const base = process.env.BASE;

test.describe('the shop', () => {
  test('lists orders', async ({ request }) => {
    const answer = await request.get(`${base}/articles`);
    expect(answer.status()).toBe(200);
  });

  test('costs “12 €” & no <less>', async ({ request }) => {
    const answer = await request.post(`${base}/orders`);
    expect(answer.status()).toBe(201);
  });

  test('is paid', async ({ request }) => {
    await request.post(`${process.env.PAYMENTS}/payments`);
  });

  test.skip('ships', async () => {});
});
