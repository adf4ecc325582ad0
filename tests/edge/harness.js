// Stands behind rewrite.js in one file: runs each event of a JSON file, writes the outcomes to
// another (njs prints no more than 2,048 characters).
// `rawQuery` beside an event's request becomes the method that CloudFront's runtime has.

var fs = require('fs');
var events = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
var outcomes = events.map(function (event) {
  if (event.rawQuery !== undefined) {
    Object.defineProperty(event.request, 'rawQueryString', {
      value: function () {
        return event.rawQuery;
      },
    });
  }
  try {
    var result = handler(event);
    return result.statusCode === undefined ? { request: result } : { response: result };
  } catch (error) {
    return { error: String(error) };
  }
});
fs.writeFileSync(process.argv[3], JSON.stringify(outcomes));
