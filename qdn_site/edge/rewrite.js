// The edge function: CloudFront's viewer-request, runtime cloudfront-js-2.0, at most 10 KB.
//
// It normalises addresses within their cache behaviour, sends old links to new ones, and turns
// away what cannot be a tracking link. Everything else passes untouched. The same table without
// CloudFront is qdn_site/edge/old_links.py; qdn_site/edge/events/ holds both to it.
//
// Plain JavaScript that njs runs too: no spread, destructuring, class, for-of, ?. or defaults.

var TOKEN = /^[A-Za-z0-9_-]{16,64}$/;
// A token and what stood behind it in a text: signs, blanks, invisible characters, `&gt;`; no words.
var LINK = /^([A-Za-z0-9_-]{16,64})(?![A-Za-z0-9_-])(?:[^A-Za-z0-9%]|&[a-z]+;)*$/;
var UNTOUCHED = /^\/(api|static)(\/|$)/;
var WWW = /^(?:www\.)+([a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]+)?)$/i;
var OLD_TRACK = /^\/(track\.html|track\/|track\/index\.html|tracking\/index\.html)$/;
var OLD_BOOK = /^\/(book\.html|booking\/index\.html|book\/[\s\S]+)$/; // a dot is no U+2028
var SLASHLESS = /^\/(book|dashboard)$/;

var NOT_FOUND =
  '<!doctype html><html lang="en"><meta charset="utf-8">' +
  '<meta name="viewport" content="width=device-width, initial-scale=1">' +
  '<title>Job not found</title>' +
  '<p>Job not found, or this tracking link is no longer valid.</p>' +
  '<p><a href="/lost-link/">Send me my link again</a></p>' +
  '<p><a href="/">To the front page</a></p></html>';

function handler(event) {
  var request = event.request;
  var uri = request.uri;
  if (UNTOUCHED.test(uri)) {
    return request;
  }
  var query = queryOf(request);
  var to = null; // where an old link leads to

  if (OLD_TRACK.test(uri)) {
    var asked = withoutToken(query);
    if (asked.token !== null) {
      if (!LINK.test(asked.token)) {
        return notFound();
      }
      to = '/track/' + LINK.exec(asked.token)[1];
      query = asked.rest;
    } else if (uri === '/track/index.html') {
      return notFound();
    }
  } else if (uri.indexOf('/track/') === 0) {
    uri = uri.replace(/^(\/track\/[^\/]+)\/$/, '$1');
    var link = LINK.exec(decoded(uri.slice(7)));
    if (link && link[1] !== link[0]) {
      to = '/track/' + link[1];
    } else if (!TOKEN.test(decoded(uri.split('/')[2]))) {
      return notFound();
    }
  } else if (OLD_BOOK.test(uri)) {
    to = '/book/';
  } else if (uri === '/dashboard.html') {
    to = '/dashboard/';
  } else if (SLASHLESS.test(uri)) {
    uri = uri + '/';
  }

  var host = request.headers && request.headers.host ? request.headers.host.value : '';
  var www = WWW.exec(host);
  if (www) {
    return moved(request, 'https://' + www[1].toLowerCase() + (to || uri), query);
  }
  if (to) {
    return moved(request, to, query);
  }
  request.uri = uri;
  return request;
}

// A method that carries a body is repeated there with its body; the rest are old links: 301.
function moved(request, to, query) {
  var again = request.method !== 'GET' && request.method !== 'HEAD';
  var location = printable(query ? to + '?' + query : to);
  return {
    statusCode: again ? 308 : 301,
    statusDescription: again ? 'Permanent Redirect' : 'Moved Permanently',
    headers: { location: { value: location }, 'cache-control': { value: 'no-store' } },
  };
}

function notFound() {
  return {
    statusCode: 404,
    statusDescription: 'Not Found',
    headers: {
      'content-type': { value: 'text/html; charset=utf-8' },
      'cache-control': { value: 'no-store' },
      'x-robots-tag': { value: 'noindex, nofollow' },
    },
    body: { encoding: 'text', data: NOT_FOUND },
  };
}

// The query as it was sent, byte for byte. The runtime has it; a TestFunction event has only
// the parsed one, whose names and values are still encoded.
function queryOf(request) {
  if (typeof request.rawQueryString === 'function') {
    return request.rawQueryString() || '';
  }
  var parsed = request.querystring || {};
  var parts = [];
  Object.keys(parsed).forEach(function (name) {
    var values = parsed[name].multiValue || [parsed[name]];
    values.forEach(function (each) {
      parts.push(each.value === '' ? name : name + '=' + each.value);
    });
  });
  return parts.join('&');
}

function withoutToken(query) {
  var token = null;
  var rest = query.split('&').filter(function (part) {
    var ours = /^token(=|$)/.test(part);
    if (ours && token === null) {
      token = decoded(part.slice(6));
    }
    return !ours;
  });
  return { token: token, rest: rest.join('&') };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    return ''; // no token either
  }
}

// A header's value may hold no blanks, controls or letters beyond ASCII. What is encoded already
// stays so. (A global replace on the unencoded text fails or hangs in njs beyond ASCII.)
function printable(text) {
  if (!/[^\x21-\x7e]/.test(text)) {
    return text;
  }
  try {
    return encodeURI(text).replace(/%25/g, '%');
  } catch (error) {
    return '/'; // half a character: not from a browser
  }
}
