/** The audit trail's times: UTC, whatever the column's type and the session's time zone are. */
import { beforeEach, describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";
import { setTimeZone } from "../../support/times.ts";

const fixture = useWorker(patient);
const audit = (query = "") => ask(fixture, `GET /api/audit${query}`);

for (const type of ["timestamp", "timestamptz"])
  for (const zone of ["UTC", "Asia/Kolkata", "America/New_York"])
    describe(`a ${type} column, read in a session of ${zone}`, () => {
      beforeEach(async () => {
        const { stack } = fixture;
        await stack.query(
          `alter table users_audit alter column "timestamp" type ${type} using "timestamp" at time zone 'UTC'`,
        );
        await setTimeZone(stack, zone);
      });

      it("is written as now, in UTC", async () => {
        const { stack } = fixture;
        const user = await addUser(stack);
        expect((await ask(fixture, `DELETE /api/users/${user}`)).status).toBe(200);
        const [row] = await stack.query<{ off: number }>(
          `select abs(extract(epoch from (now() at time zone 'utc')
             - ("timestamp" ${type === "timestamptz" ? "at time zone 'utc'" : ""})))::float as off from users_audit`,
        );
        expect(row?.off).toBeLessThan(60);
        const { at } = (await audit()).json.items[0];
        expect(Math.abs(Date.parse(at) - Date.now())).toBeLessThan(60_000);
      });

      it("is filtered by instants, days and times without a zone, all as UTC, and paged to the microsecond", async () => {
        const { stack } = fixture;
        const utc = type === "timestamptz" ? "+00" : "";
        for (const at of [
          "2026-04-30 23:59:59.999999",
          "2026-05-01 00:00:00",
          "2026-05-01 00:00:00.000001",
          "2026-05-01 06:30:00",
        ])
          await stack.query(
            `insert into users_audit values (gen_random_uuid(), $1, gen_random_uuid(), gen_random_uuid(), '${at}${utc}')`,
            [at.slice(11)],
          );
        const found = async (query: string) =>
          (await audit(query)).json.items.map(({ action }: { action: string }) => action);
        const day = ["06:30:00", "00:00:00.000001", "00:00:00"];
        expect(await found("?from=2026-05-01")).toEqual(day);
        expect(await found("?from=2026-05-01T00:00:00")).toEqual(day);
        expect(await found("?from=2026-05-01T00:00Z")).toEqual(day);
        expect(await found(`?from=${encodeURIComponent("2026-05-01T02:00:00+02:00")}`)).toEqual(day);
        expect(await found("?from=2026-04-30T19:30:00.000001-04:30")).toEqual([
          "06:30:00",
          "00:00:00.000001",
        ]);
        expect(await found("?until=2026-05-01")).toEqual(["23:59:59.999999"]);
        expect(await found("?from=2026-05-01T00:00:00.000001Z&until=2026-05-01T06:30:00")).toEqual([
          "00:00:00.000001",
        ]);
        const seen: string[] = [];
        let cursor: string | null = "";
        while (cursor !== null) {
          const { json } = await audit(`?limit=1${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
          seen.push(...json.items.map(({ action }: { action: string }) => action));
          cursor = json.next;
        }
        expect(seen).toEqual([...day, "23:59:59.999999"]);
      });
    });
