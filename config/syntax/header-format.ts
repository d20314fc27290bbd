/** A command of Envoy's header formatting: `%NAME%`, `%NAME(parameters)%`, `%NAME(parameters):length%`. */
const command = /%(?:%|(?<name>[A-Z0-9_]+)(?:\((?<parameters>.*?)\))?(?<length>:\d+)?%)/gy;

/**
 * Why Envoy would refuse a header value for its percent signs; undefined for a value that it takes. Envoy refuses the
 * whole resource for one such value ("HTTP header manipulation", custom request/response headers).
 */
export function headerFormatProblem(value: string): string | undefined {
  for (let at = value.indexOf('%'); at >= 0; at = value.indexOf('%', command.lastIndex)) {
    command.lastIndex = at;
    if (command.exec(value) === null)
      return `the % at position ${at} begins no command of Envoy's; write %% for a percent sign`;
  }
  return undefined;
}
