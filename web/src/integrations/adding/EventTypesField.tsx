import { Checkbox, CheckboxGroup, FieldError, Label } from "react-aria-components";

import { EVENT_GROUPS, sayType, USUAL_EVENTS } from "../../activity/eventTypes";
import type { EventType } from "../../api/schema.generated";
import { Choice } from "../../parts/Choice";

/** What an integration of this kind never tells: it would tell of itself. */
const NEVER_TOLD: EventType = "ACTIVITY_DELIVERY_FAILED";

interface Props {
  /** Null: the usual ones. */
  types: readonly EventType[] | null;
  onChange: (types: readonly EventType[] | null) => void;
  problem: string | undefined;
}

/** Which events are told: the usual ones, or those that are chosen one by one. */
export function EventTypesField({ types, onChange, problem }: Props) {
  return (
    <>
      <Choice
        label="What it tells of" value={types ? "chosen" : "usual"} onChange={(chosen) => onChange(chosen === "usual" ? null : [])}
        choices={[["usual", USUAL_EVENTS], ["chosen", "What I choose"]]}
      />
      {types && EVENT_GROUPS.map(({ key, name, types: all }) => {
        const others = types.filter((type) => !all.includes(type));
        const own = all.filter((type) => type !== NEVER_TOLD).map((type) => [type, sayType(type)] as const);
        return <Checks key={key} label={name} choices={own} chosen={types.filter((type) => all.includes(type))} onChange={(chosen) => onChange([...others, ...chosen])} />;
      })}
      {types && <p role="alert" className="field-problem">{problem}</p>}
    </>
  );
}

interface ChecksProps<Value extends string> {
  label: string;
  choices: readonly (readonly [value: Value, name: string])[];
  chosen: readonly Value[];
  onChange: (chosen: Value[]) => void;
  problem?: string | undefined;
}

/** Any of several. */
export function Checks<Value extends string>({ label, choices, chosen, onChange, problem }: ChecksProps<Value>) {
  return (
    <CheckboxGroup className="field" value={[...chosen]} onChange={(values) => onChange(values as Value[])} isInvalid={problem !== undefined} validationBehavior="aria">
      <Label>{label}</Label>
      {choices.map(([value, name]) => (
        <Checkbox key={value} value={value} className="checkbox" validationBehavior="aria">
          {({ isSelected }) => <><span className="box" aria-hidden>{isSelected ? "✓" : ""}</span><bdi>{name}</bdi></>}
        </Checkbox>
      ))}
      <FieldError className="field-problem">{problem}</FieldError>
    </CheckboxGroup>
  );
}
